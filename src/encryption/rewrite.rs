//! The commands that write stored objects anew, so that they are encrypted with the key that is first now.
//!
//! A replace without a change still writes where the stored value is stale: encrypted with another key than the first one.

/// How all objects of one entry of a configuration's `resources` are written anew, for a shell with kubectl.
///
/// `None` where the name could mean something to the shell; the API server has no such resource.
#[must_use]
pub fn command(resource: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let group = match resource {
        "*.*" => None,
        "*." => Some(" --api-group=''".to_owned()),
        _ => match resource.strip_prefix("*.") {
            Some(group) if is_name(group) && group.chars().all(plain) => Some(format!(" --api-group={group}")),
            Some(_) => return None,
            None if is_name(resource) && resource.chars().all(plain) => {
                return Some(format!("kubectl get {resource} -A -o json | kubectl replace -f -"));
            }
            None => return None,
        },
    };
    let group = group.unwrap_or_default();
    Some(format!(
        "for r in $(kubectl api-resources{group} --verbs=list,update -o name); do kubectl get \"$r\" -A -o json | kubectl replace -f -; done"
    ))
}

/// A name that is no flag to kubectl.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resource_has_its_command() {
        assert_eq!(
            command("secrets").unwrap(),
            "kubectl get secrets -A -o json | kubectl replace -f -"
        );
        assert_eq!(
            command("pandas.awesome.bears.example").unwrap(),
            "kubectl get pandas.awesome.bears.example -A -o json | kubectl replace -f -"
        );
        assert!(
            command("*.apps")
                .unwrap()
                .contains("api-resources --api-group=apps --verbs=list,update -o name")
        );
        assert!(command("*.").unwrap().contains("--api-group='' "));
        assert!(command("*.*").unwrap().contains("api-resources --verbs"));
    }

    #[test]
    fn names_that_a_shell_reads_otherwise_have_none() {
        for name in [
            "",
            "a b",
            "$(id)",
            "`id`",
            "a;b",
            "*.a'b",
            "*.$x",
            "-A",
            "*.-x",
            "secrets/status",
            "*",
        ] {
            assert_eq!(command(name), None, "{name}");
        }
    }
}
