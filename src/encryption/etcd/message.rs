//! The few messages of etcd that are spoken here, written by hand: no compiler of protocol buffers is needed.
//!
//! `api/etcdserverpb/rpc.proto` and `api/mvccpb/kv.proto` of etcd; fields that are not used are left out.

use std::fmt;

use prost::Message;
use zeroize::Zeroize;

/// `RangeRequest` of `etcdserverpb.KV/Range`.
#[derive(Clone, Message, PartialEq)]
pub(super) struct RangeRequest {
    /// The first key.
    #[prost(bytes = "vec", tag = "1")]
    pub(super) key: Vec<u8>,
    /// The key behind the last one; one zero byte: there is no last one.
    #[prost(bytes = "vec", tag = "2")]
    pub(super) range_end: Vec<u8>,
    /// The most keys to give.
    #[prost(int64, tag = "3")]
    pub(super) limit: i64,
    /// The revision to read at; zero: the newest.
    #[prost(int64, tag = "4")]
    pub(super) revision: i64,
    /// Only how many there are.
    #[prost(bool, tag = "9")]
    pub(super) count_only: bool,
}

/// `RangeResponse`.
#[derive(Clone, Message, PartialEq)]
pub(super) struct RangeResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<ResponseHeader>,
    #[prost(message, repeated, tag = "2")]
    pub(super) kvs: Vec<KeyValue>,
    /// Whether there are keys behind the last one.
    #[prost(bool, tag = "3")]
    pub(super) more: bool,
    /// How many keys are in the whole range.
    #[prost(int64, tag = "4")]
    pub(super) count: i64,
}

/// `ResponseHeader`.
#[derive(Clone, Message, PartialEq)]
pub(super) struct ResponseHeader {
    /// The newest revision of the store.
    #[prost(int64, tag = "3")]
    pub(super) revision: i64,
}

/// `mvccpb.KeyValue`.
#[derive(Clone, Message, PartialEq)]
#[prost(skip_debug)]
pub(super) struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) key: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(super) mod_revision: i64,
    #[prost(bytes = "vec", tag = "5")]
    pub(super) value: Vec<u8>,
}

/// `AuthenticateRequest` of `etcdserverpb.Auth/Authenticate`.
#[derive(Clone, Message, PartialEq)]
#[prost(skip_debug)]
pub(super) struct AuthenticateRequest {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) password: String,
}

/// `AuthenticateResponse`.
#[derive(Clone, Message, PartialEq)]
#[prost(skip_debug)]
pub(super) struct AuthenticateResponse {
    #[prost(string, tag = "2")]
    pub(super) token: String,
}

/// The value may be a secret.
impl fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyValue")
            .field("key", &String::from_utf8_lossy(&self.key))
            .field("mod_revision", &self.mod_revision)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthenticateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateRequest")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthenticateResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateResponse").finish_non_exhaustive()
    }
}

impl Drop for AuthenticateRequest {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes as etcd's own messages have them: tags and types are those of `rpc.proto` and `kv.proto`.
    #[test]
    fn messages_have_the_bytes_of_etcd() {
        let request = RangeRequest {
            key: b"/a".to_vec(),
            range_end: b"/b".to_vec(),
            limit: 500,
            revision: 7,
            count_only: true,
        };
        assert_eq!(
            request.encode_to_vec(),
            b"\x0a\x02/a\x12\x02/b\x18\xf4\x03\x20\x07\x48\x01"
        );
        let answer = b"\x0a\x0a\x08\x01\x10\x02\x18\x09\x20\x03\x28\x00\x12\x0f\x0a\x02/a\x10\x04\x18\x05\x20\x01\x2a\x03xyz\x18\x01\x20\x02";
        let answer = RangeResponse::decode(answer.as_slice()).unwrap();
        assert_eq!(answer.header.unwrap().revision, 9);
        assert_eq!(answer.kvs.len(), 1);
        assert_eq!(
            (answer.kvs[0].key.as_slice(), answer.kvs[0].mod_revision),
            (&b"/a"[..], 5)
        );
        assert_eq!(answer.kvs[0].value, b"xyz");
        assert_eq!((answer.more, answer.count), (true, 2));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let pair = KeyValue {
            key: b"/a".to_vec(),
            mod_revision: 3,
            value: b"hunter2".to_vec(),
        };
        assert_eq!(format!("{pair:?}"), r#"KeyValue { key: "/a", mod_revision: 3, .. }"#);
        let login = AuthenticateRequest {
            name: "root".to_owned(),
            password: "hunter2".to_owned(),
        };
        assert_eq!(format!("{login:?}"), r#"AuthenticateRequest { name: "root", .. }"#);
        let token = AuthenticateResponse {
            token: "hunter2".to_owned(),
        };
        assert_eq!(format!("{token:?}"), "AuthenticateResponse { .. }");
    }
}
