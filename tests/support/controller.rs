//! The sealed-secrets controller as far as kship talks to it: it opens and seals with the keys of `keys-example`.

use kship::seal::{Certificate, Sealer, Syntax, opening_keys, render, seal, unseal};
use serde_json::{Value, json};

use super::cluster::{Reply, Seen};

/// What the controller seals with.
pub const CERTIFICATE: &str = include_str!("../../keys-example/sealing-2048.crt");
const KEY: &str = include_str!("../../keys-example/sealing-2048.key");

/// kube-system/sealed-secrets-controller with its port `http`.
pub fn controller(seen: &Seen) -> Reply {
    behind("http:sealed-secrets-controller:http", "http", seen)
}

/// A controller behind this route of the service proxy, with this name of its port.
pub fn behind(route: &str, port: &str, seen: &Seen) -> Reply {
    let services = "/api/v1/namespaces/kube-system/services/";
    let path = seen.path.strip_prefix(services).unwrap_or_default();
    if path == "sealed-secrets-controller" {
        let mut ports = json!([{"port": 8080}]);
        if !port.is_empty() {
            ports[0]["name"] = port.into();
        }
        return Reply::new(200, json!({"kind": "Service", "spec": {"ports": ports}}).to_string());
    }
    match path
        .strip_prefix(route)
        .and_then(|path| path.strip_prefix("/proxy/v1/"))
    {
        Some("cert.pem") => Reply::new(200, CERTIFICATE),
        Some("verify") => verify(&seen.body),
        Some("rotate") => rotate(&seen.body),
        _ => Reply::status(404, &format!("the server could not find {}", seen.path)),
    }
}

/// As the controller does: every value must open.
fn verify(body: &[u8]) -> Reply {
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
        return Reply::new(500, "");
    };
    // Since 0.39 the template is not filled in.
    json["spec"]["template"]["data"] = Value::Null;
    match unseal(&json.to_string(), &opening_keys(KEY).unwrap(), None, None) {
        Ok(unsealed) if unsealed.opened.is_empty() => Reply::new(500, ""),
        Ok(unsealed) if unsealed.unopened.is_empty() => Reply::new(200, ""),
        Ok(_) => Reply::new(409, ""),
        Err(_) => Reply::new(500, ""),
    }
}

/// As the controller of v0.40 does: the values are sealed anew, the document is damaged.
fn rotate(body: &[u8]) -> Reply {
    let text = std::str::from_utf8(body).unwrap();
    let unsealed = unseal(text, &opening_keys(KEY).unwrap(), None, None).unwrap();
    if !unsealed.unopened.is_empty() {
        return Reply::new(500, "");
    }
    let mut secret = unsealed.opened[0].to_json();
    let sent: Value = serde_json::from_slice(body).unwrap();
    secret["metadata"]["annotations"] = sent["metadata"]["annotations"].clone();
    let certificate = Certificate::parse(CERTIFICATE.as_bytes()).unwrap();
    let sealer = Sealer {
        key: certificate.key(),
        scope: None,
        name: None,
        namespace: None,
        default_namespace: None,
        allow_empty: true,
    };
    let mut count = 0;
    let mut random = |buffer: &mut [u8]| {
        count += 1;
        buffer.fill(count);
        Ok(())
    };
    let sealed = seal(&secret.to_string(), &sealer, &mut random).unwrap();
    let json = render(&sealed.documents, Syntax::Json);
    let mut json: Value = serde_json::from_str(&json).unwrap();
    json.as_object_mut()
        .unwrap()
        .retain(|key, _| key != "kind" && key != "apiVersion");
    Reply::new(200, json.to_string()).with("content-type", "text/plain")
}
