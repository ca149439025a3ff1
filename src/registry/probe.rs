//! Asks a host whether it speaks TLS, before anything is sent that matters.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// A `ClientHello` that any TLS server answers with a record, if only an alert (RFC 5246, 7.4.1.2).
///
/// Its 32 "random" bytes end a line twice: HTTP servers that read a line first would wait for its end for ever. Nothing
/// secret follows it, so that they need not be random; real ones would cost the random generator's start, 70 ms.
const HELLO: &[u8] = b"\x16\x03\x01\x00\x31\
    \x01\x00\x00\x2d\x03\x03\
    \r\n\r\nkship asks: HTTP or TLS?\r\n\r\n\
    \x00\
    \x00\x06\x13\x01\xc0\x2b\xc0\x2f\
    \x01\x00";

/// The first byte of a TLS record that answers: an alert or a handshake.
const RECORDS: [u8; 2] = [0x15, 0x16];

/// How a host is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    /// Over TLS.
    Https,
    /// Without.
    Http,
}

impl Scheme {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Says what a host speaks; one that does not answer is taken for plain HTTP, and the request shows what is wrong with it.
pub(crate) async fn probe(host: &str, time: Duration) -> Scheme {
    match tokio::time::timeout(time, first_byte(host)).await {
        Ok(Some(byte)) if RECORDS.contains(&byte) => Scheme::Https,
        _ => Scheme::Http,
    }
}

async fn first_byte(host: &str) -> Option<u8> {
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    let name = url.host_str()?.trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((name, url.port_or_known_default()?)).await.ok()?;
    stream.write_all(HELLO).await.ok()?;
    stream.read_u8().await.ok()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_hello_has_the_lengths_that_it_says() {
        assert_eq!(HELLO.len(), 5 + 0x31);
        assert_eq!(HELLO.len(), 5 + 4 + 0x2d);
    }

    #[tokio::test]
    async fn records_are_tls_and_anything_else_is_not() {
        for (answer, scheme) in [
            (&b"\x15\x03\x03\x00\x02\x02\x28"[..], Scheme::Https),
            (b"\x16\x03\x03", Scheme::Https),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", Scheme::Http),
            (b"", Scheme::Http),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let host = listener.local_addr().unwrap().to_string();
            let serve = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut hello = [0; HELLO.len()];
                stream.read_exact(&mut hello).await.unwrap();
                stream.write_all(answer).await.unwrap();
            };
            let (found, ()) = tokio::join!(probe(&host, Duration::from_secs(5)), serve);
            assert_eq!(found, scheme);
        }
        assert_eq!(probe("not a host", Duration::from_secs(5)).await, Scheme::Http);
    }
}
