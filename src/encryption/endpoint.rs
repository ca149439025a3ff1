//! Addresses of key management services as `net/url` of Go reads them.

use super::go;

/// The scheme of an address, in lower case; empty where there is none.
///
/// # Errors
/// `url.Parse` refuses the address, with this message.
pub(super) fn scheme(address: &str) -> Result<String, String> {
    let (url, fragment) = address.split_once('#').unwrap_or((address, ""));
    let scheme = parse(url).map_err(|problem| format!("parse {}: {problem}", go::quote(url)))?;
    unescape(fragment, false).map_err(|problem| format!("parse {}: {problem}", go::quote(address)))?;
    Ok(scheme)
}

fn parse(url: &str) -> Result<String, String> {
    if url.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if url == "*" {
        return Ok(String::new());
    }
    let (scheme, rest) = split_scheme(url)?;
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            return Ok(scheme);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let has_authority = !scheme.is_empty() || !rest.starts_with("///");
    let path = match rest.strip_prefix("//").filter(|_| has_authority) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            check_authority(authority)?;
            path
        }
        None => rest,
    };
    unescape(path, false)?;
    Ok(scheme)
}

fn split_scheme(url: &str) -> Result<(String, &str), String> {
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    match url.split_once(':') {
        Some(("", _)) => Err("missing protocol scheme".to_owned()),
        Some((scheme, rest))
            if scheme.bytes().all(is_scheme) && scheme.starts_with(|first: char| first.is_ascii_alphabetic()) =>
        {
            Ok((scheme.to_ascii_lowercase(), rest))
        }
        _ => Ok((String::new(), url)),
    }
}

fn check_authority(authority: &str) -> Result<(), String> {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    check_host(host)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    match user.split_once(':') {
        None => unescape(user, false),
        Some((name, password)) => unescape(name, false).and_then(|()| unescape(password, false)),
    }
}

fn check_host(host: &str) -> Result<(), String> {
    let port = match host.rfind('[') {
        Some(1..) => return Err("invalid IP-literal".to_owned()),
        Some(0) => {
            let (literal, port) = host.rsplit_once(']').ok_or("missing ']' in host")?;
            let address = literal.trim_start_matches('[').split("%25").next().unwrap_or_default();
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err("invalid IP-literal".to_owned());
            }
            port
        }
        None => host.rfind(':').and_then(|at| host.get(at..)).unwrap_or_default(),
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    if (!port.is_empty() && !port.starts_with(':')) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("invalid port {} after host", go::quote(port)));
    }
    unescape(host, true)
}

/// Checks the escapes of a part, and the characters of a host.
fn unescape(text: &str, is_host: bool) -> Result<(), String> {
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if character == '%' {
            let digits = rest
                .get(1..3)
                .filter(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let within_ascii = digits.is_some_and(|digits| digits.starts_with(|first: char| first < '8'));
            if digits.is_none() || (is_host && within_ascii && digits != Some("25")) {
                let shown = rest.get(..rest.ceil_char_boundary(3)).unwrap_or(rest);
                return Err(format!("invalid URL escape {}", go::quote(shown)));
            }
            rest = rest.get(3..).unwrap_or_default();
            continue;
        }
        if is_host && character.is_ascii() && !is_host_character(character) {
            let shown = go::quote(character.encode_utf8(&mut [0; 4]));
            return Err(format!("invalid character {shown} in host name"));
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    Ok(())
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:[]<>\"".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_go_reads_them() {
        for (address, expected) in [
            ("unix:///run/kms.sock", Ok("unix")),
            ("UNIX:run", Ok("unix")),
            ("unix://relative.sock", Ok("unix")),
            ("unix:///@abstract", Ok("unix")),
            ("unix://[::1]:80/x", Ok("unix")),
            ("http://a.example.com", Ok("http")),
            ("/run/kms.sock", Ok("")),
            (
                "1a:b/",
                Err(r#"parse "1a:b/": first path segment in URL cannot contain colon"#),
            ),
            (":a", Err(r#"parse ":a": missing protocol scheme"#)),
            ("unix:///%zz", Err(r#"parse "unix:///%zz": invalid URL escape "%zz""#)),
            (
                "unix:///a#%z",
                Err(r##"parse "unix:///a#%z": invalid URL escape "%z""##),
            ),
            (
                "unix://a b",
                Err(r#"parse "unix://a b": invalid character " " in host name"#),
            ),
            ("unix://a:b", Err(r#"parse "unix://a:b": invalid port ":b" after host"#)),
            ("unix://%41", Err(r#"parse "unix://%41": invalid URL escape "%41""#)),
            (
                "unix://a b@c",
                Err(r#"parse "unix://a b@c": net/url: invalid userinfo"#),
            ),
            (
                "unix://\n",
                Err(r#"parse "unix://\n": net/url: invalid control character in URL"#),
            ),
        ] {
            let read = scheme(address);
            assert_eq!(read.as_deref().map_err(String::as_str), expected, "{address}");
        }
    }
}
