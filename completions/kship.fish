# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kship_global_optspecs
    string join \n q/quiet color= h/help V/version
end

function __fish_kship_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kship_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kship_using_subcommand
    set -l cmd (__fish_kship_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kship -n "__fish_kship_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_needs_command" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_needs_command" -s V -l version -d 'Print version'
complete -c kship -n "__fish_kship_needs_command" -f -a "pin" -d 'Resolve image tags to digests and write them where they stand'
complete -c kship -n "__fish_kship_needs_command" -f -a "seal" -d 'Turn Secrets into SealedSecrets that only the cluster can open'
complete -c kship -n "__fish_kship_needs_command" -f -a "unseal" -d 'Open SealedSecrets with the private keys of their cluster'
complete -c kship -n "__fish_kship_needs_command" -f -a "reseal" -d 'Move the values of SealedSecrets to the newest key of their cluster'
complete -c kship -n "__fish_kship_needs_command" -f -a "encryption" -d 'Write, check, rotate and prove the encryption of what etcd stores'
complete -c kship -n "__fish_kship_needs_command" -f -a "verify" -d 'Prove who signed images and files, by key or by identity'
complete -c kship -n "__fish_kship_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c kship -n "__fish_kship_needs_command" -f -a "man" -d 'Write the manual pages into a directory'
complete -c kship -n "__fish_kship_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kship -n "__fish_kship_using_subcommand pin" -l style -d 'How a pinned reference is spelled' -r -f -a "tag-digest\t'name:tag@sha256:... (the tag stays)'
digest-only\t'name@sha256:..., for tools that refuse a tag beside a digest'"
complete -c kship -n "__fish_kship_using_subcommand pin" -l platform -d 'Pin the image of one platform instead of the index of all' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l lock -d 'Read what tags mean from a lock file, and keep it up to date (kbld\'s and imgpkg\'s are read only)' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l format -d 'What to print' -r -f -a "human\t'Text with the line and a caret, for people'
json\t'One JSON object that only grows'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'"
complete -c kship -n "__fish_kship_using_subcommand pin" -l include -d 'Only images that match a pattern, such as \'ghcr.io/company/**\'' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l exclude -d 'Not the images that match a pattern' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l rule -d 'Another field that holds an image: \'spec.runner.image\', \'Kind:spec.images[]\', \'key=runnerImage\'' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l registry-map -d 'Look names up elsewhere: docker.io=mirror.example.com/hub' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l layout -d 'Read images from a folder of OCI image layouts, one a repository, and use no network' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l registry-auth -d 'Log in to a registry with a password that stands in a file' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l registry-ca -d 'Trust the certificate authorities in a PEM file, beside those of the system' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l plain-http -d 'Speak plain HTTP to a registry; loopback hosts need not be named' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l jobs -d 'Requests in flight to one registry' -r
complete -c kship -n "__fish_kship_using_subcommand pin" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand pin" -l check -d 'Write nothing; fail if an image has no digest'
complete -c kship -n "__fish_kship_using_subcommand pin" -l online -d 'With --check: also compare every digest with its registry'
complete -c kship -n "__fish_kship_using_subcommand pin" -l update -d 'Also replace digests whose tag has moved'
complete -c kship -n "__fish_kship_using_subcommand pin" -l unpin -d 'Take the digests away again'
complete -c kship -n "__fish_kship_using_subcommand pin" -l diff -d 'Write nothing; print what would change'
complete -c kship -n "__fish_kship_using_subcommand pin" -l stdout -d 'Write no file but the lock; print the Kubernetes resources with their changes, ready for `kubectl apply -f -`'
complete -c kship -n "__fish_kship_using_subcommand pin" -l locked -d 'Fail if the lock file would change'
complete -c kship -n "__fish_kship_using_subcommand pin" -l frozen -d 'Ask no registry: the lock file must know every tag'
complete -c kship -n "__fish_kship_using_subcommand pin" -l keep-going -d 'Write the files that are right even if others failed'
complete -c kship -n "__fish_kship_using_subcommand pin" -l explain -d 'List what was passed over, and why'
complete -c kship -n "__fish_kship_using_subcommand pin" -l args -d 'Also images in arguments: --sidecar-image=...'
complete -c kship -n "__fish_kship_using_subcommand pin" -l env -d 'Also images in environment variables: RELATED_IMAGE_...'
complete -c kship -n "__fish_kship_using_subcommand pin" -l embedded -d 'Also images in YAML inside ConfigMaps'
complete -c kship -n "__fish_kship_using_subcommand pin" -l helm-tag-digest -d 'Write `tag: TAG@DIGEST` into Helm values without a `digest` key'
complete -c kship -n "__fish_kship_using_subcommand pin" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand pin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand seal" -s f -l secret-file -d 'The Secrets to seal: files in YAML or JSON, or folders of them; standard input without it, or with `-`' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l cert -d 'The cluster\'s certificate: a PEM file, an address, or `-` for standard input; without it the cluster is asked [env: SEALED_SECRETS_CERT]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -s w -l sealed-secret-file -d 'The file to write, in YAML if it is called .yaml or .yml; standard output without it' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l scope -d 'How far the values may travel; the annotations of each Secret decide without it [env: SEALED_SECRETS_SCOPE]' -r -f -a "strict\t'opens under its name in its namespace only'
namespace-wide\t'opens under any name in its namespace'
cluster-wide\t'opens under any name in any namespace'"
complete -c kship -n "__fish_kship_using_subcommand seal" -l name -d 'The name of every Secret, whatever it says [env: SEALED_SECRETS_NAME]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -s n -l namespace -d 'The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -s o -l format -d 'How the documents are written, JSON by default; or how --check reports [env: SEALED_SECRETS_FORMAT]' -r -f -a "json\t'JSON: documents, or one report'
yaml\t'YAML documents'
human\t'with --check: text with the line, for people'
sarif\t'with --check: SARIF 2.1.0, for code scanning'
github\t'with --check: annotations of GitHub Actions'"
complete -c kship -n "__fish_kship_using_subcommand seal" -l merge-into -d 'Seal the values of the Secret for the SealedSecret in FILE, and write them there; its scope, name and namespace count, and nothing else of FILE changes. With --sealed-secret-file the result goes there, and FILE stays [env: SEALED_SECRETS_MERGE_INTO]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l from-file -d 'Make a Secret of files, FILE or KEY=FILE, or of those in a folder; with --raw the file with the value. The last line feed counts' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l from-literal -d 'Make a Secret of values; other users of this machine can see them' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l from-env-file -d 'Make a Secret of the lines NAME=VALUE of a file; a NAME alone takes its value from the environment' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l type -d 'The type of that Secret, such as kubernetes.io/tls; its keys are checked' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l cert-sha256 -d 'Use the certificate only if this is its SHA-256 fingerprint' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l recovery-private-key -d 'Files with private keys, for --recovery-unseal [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l controller-name -d 'The controller\'s service; the Helm chart names it sealed-secrets [default: sealed-secrets-controller]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l controller-namespace -d 'The namespace of the controller [default: kube-system]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l kubeconfig -d 'The kubeconfig, in place of KUBECONFIG and ~/.kube/config' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l context -d 'The context of the kubeconfig, if not the current one' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l cluster -d 'The cluster of the kubeconfig, if not the context\'s' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l user -d 'The user of the kubeconfig, if not the context\'s' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l server -d 'The address of the API server' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l certificate-authority -d 'The certificate authorities of the API server, in PEM' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l tls-server-name -d 'The name in the API server\'s certificate, if not that of its address' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l proxy-url -d 'The proxy to the API server: http, https or socks5' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l client-certificate -d 'The user\'s certificate, in PEM' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l client-key -d 'The key of the user\'s certificate' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l token -d 'A bearer token; other users of this machine can see it here, but not in SEALED_SECRETS_TOKEN' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l username -d 'The name for basic authentication' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l password -d 'The password for basic authentication' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l as -d 'Act for this user' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l as-uid -d 'Act for a user with this ID' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l as-group -d 'Act for a member of this group; may be given several times' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l request-timeout -d 'The longest wait for one answer, such as 30s or 2m; 0 leaves kship\'s own limit [default: 2m]' -r
complete -c kship -n "__fish_kship_using_subcommand seal" -s v -l v -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l vmodule -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l log_backtrace_at -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l log_dir -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l log_file -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l log_file_max_size -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l stderrthreshold -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l alsologtostderrthreshold -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l logtostderr -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l alsologtostderr -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l add_dir_header -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l legacy_stderr_threshold_behavior -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l one_output -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l skip_headers -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l skip_log_headers -r
complete -c kship -n "__fish_kship_using_subcommand seal" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand seal" -l check -d 'Write nothing; fail if a Secret is in plain text, or a SealedSecret is damaged (with --cert: does not fit it)'
complete -c kship -n "__fish_kship_using_subcommand seal" -l explain -d 'With --check: list what was passed over, and why'
complete -c kship -n "__fish_kship_using_subcommand seal" -l raw -d 'Seal one value from --from-file or standard input, and print it alone'
complete -c kship -n "__fish_kship_using_subcommand seal" -l allow-expired -d 'Use the certificate even if it has expired'
complete -c kship -n "__fish_kship_using_subcommand seal" -l allow-empty-data -d 'Also seal Secrets without data'
complete -c kship -n "__fish_kship_using_subcommand seal" -l fetch-cert -d 'Print the certificate, of the cluster or from --cert, and seal nothing'
complete -c kship -n "__fish_kship_using_subcommand seal" -l validate -d 'Ask the cluster whether it can open SealedSecrets'
complete -c kship -n "__fish_kship_using_subcommand seal" -l re-encrypt -d 'Have the cluster seal the values of SealedSecrets anew with its newest key; files are changed in place'
complete -c kship -n "__fish_kship_using_subcommand seal" -l recovery-unseal -d 'Open SealedSecrets, as `kship unseal` does'
complete -c kship -n "__fish_kship_using_subcommand seal" -l insecure-skip-tls-verify -d 'Take any certificate of the API server: whoever answers can hand out their own sealing certificate'
complete -c kship -n "__fish_kship_using_subcommand seal" -l disable-compression -d 'Nothing to do: kship asks for no compression'
complete -c kship -n "__fish_kship_using_subcommand seal" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand seal" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand unseal" -s f -l file -d 'Files with SealedSecrets, in YAML or JSON; `-` and none at all read standard input' -r
complete -c kship -n "__fish_kship_using_subcommand unseal" -l private-key -l recovery-private-key -d 'Files with private keys: PEM, or a backup of the cluster\'s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]' -r
complete -c kship -n "__fish_kship_using_subcommand unseal" -l password-file -d 'The file whose first line is the password of encrypted private keys; `-` reads standard input [env: KSHIP_PRIVATE_KEY_PASSWORD has the password itself]' -r
complete -c kship -n "__fish_kship_using_subcommand unseal" -l key -d 'Print one value alone, byte for byte' -r
complete -c kship -n "__fish_kship_using_subcommand unseal" -l name -d 'With --raw: the name that it was sealed for' -r
complete -c kship -n "__fish_kship_using_subcommand unseal" -l scope -d 'With --raw: the scope that it was sealed with; strict without it' -r -f -a "strict\t'opens under its name in its namespace only'
namespace-wide\t'opens under any name in its namespace'
cluster-wide\t'opens under any name in any namespace'"
complete -c kship -n "__fish_kship_using_subcommand unseal" -s n -l namespace -d 'The namespace of SealedSecrets that name none, or of the value of --raw' -r
complete -c kship -n "__fish_kship_using_subcommand unseal" -s o -l format -d 'How the Secrets are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]' -r -f -a "json\t'JSON'
yaml\t'YAML'"
complete -c kship -n "__fish_kship_using_subcommand unseal" -s w -l write -d 'Write a file, readable by its owner alone, instead of standard output' -r
complete -c kship -n "__fish_kship_using_subcommand unseal" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand unseal" -l raw -d 'Open one sealed value alone, as `kship seal --raw` prints it, and print it byte for byte'
complete -c kship -n "__fish_kship_using_subcommand unseal" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand unseal" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand reseal" -l private-key -l recovery-private-key -d 'Files with private keys, old and new: PEM, or a backup of the cluster\'s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l password-file -d 'The file whose first line is the password of encrypted private keys; `-` reads standard input [env: KSHIP_PRIVATE_KEY_PASSWORD has the password itself]' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l cert -d 'The certificate to seal for, in PEM: a file, `-` for standard input, or an address [env: SEALED_SECRETS_CERT]' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l cert-sha256 -d 'Use the certificate only if this is its SHA-256 fingerprint' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l older-than -d 'Reseal only values whose key has a certificate older than this one' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -s n -l namespace -d 'The namespace of SealedSecrets that name none' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l controller-name -d 'The controller\'s service; the Helm chart names it sealed-secrets [default: sealed-secrets-controller]' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l controller-namespace -d 'The namespace of the controller [default: kube-system]' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l kubeconfig -d 'The kubeconfig, in place of KUBECONFIG and ~/.kube/config' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l context -d 'The context of the kubeconfig, if not the current one' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l cluster -d 'The cluster of the kubeconfig, if not the context\'s' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l user -d 'The user of the kubeconfig, if not the context\'s' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l server -d 'The address of the API server' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l certificate-authority -d 'The certificate authorities of the API server, in PEM' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l tls-server-name -d 'The name in the API server\'s certificate, if not that of its address' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l proxy-url -d 'The proxy to the API server: http, https or socks5' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l client-certificate -d 'The user\'s certificate, in PEM' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l client-key -d 'The key of the user\'s certificate' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l token -d 'A bearer token; other users of this machine can see it here, but not in SEALED_SECRETS_TOKEN' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l username -d 'The name for basic authentication' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l password -d 'The password for basic authentication' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l as -d 'Act for this user' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l as-uid -d 'Act for a user with this ID' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l as-group -d 'Act for a member of this group; may be given several times' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l request-timeout -d 'The longest wait for one answer, such as 30s or 2m; 0 leaves kship\'s own limit [default: 2m]' -r
complete -c kship -n "__fish_kship_using_subcommand reseal" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand reseal" -l allow-expired -d 'Use the certificate even if it has expired'
complete -c kship -n "__fish_kship_using_subcommand reseal" -l dry-run -d 'Say what would change, and write nothing'
complete -c kship -n "__fish_kship_using_subcommand reseal" -l controller -d 'Have the controller of the cluster seal the values anew, without private keys here; it does so with all of them, every time'
complete -c kship -n "__fish_kship_using_subcommand reseal" -l insecure-skip-tls-verify -d 'Take any certificate of the API server: whoever answers can hand out their own sealing certificate'
complete -c kship -n "__fish_kship_using_subcommand reseal" -l disable-compression -d 'Nothing to do: kship asks for no compression'
complete -c kship -n "__fish_kship_using_subcommand reseal" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand reseal" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -f -a "audit" -d 'Count what etcd stores as plaintext, and under which key'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -f -a "check" -d 'Say whether the API server loads a file, and what it does not see in it'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -f -a "decrypt" -d 'Decrypt one value of etcd, from standard input'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -f -a "init" -d 'Write a new configuration with a new key'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -f -a "rotate" -d 'Exchange the key, or the provider, one step at a time'
complete -c kship -n "__fish_kship_using_subcommand encryption; and not __fish_seen_subcommand_from audit check decrypt init rotate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l config -d 'The EncryptionConfiguration of the API server' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l etcd-prefix -d 'What the API server puts before each key: its own `--etcd-prefix`' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l format -d 'How the report is written' -r -f -a "human\t'Text with the line and a caret, for people'
json\t'One JSON object that only grows'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l etcd -l endpoints -d 'Read a live etcd: the address of a member, such as `https://127.0.0.1:2379`. Several are tried in their order' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l cacert -d 'The authority that vouches for the members, in PEM form; without it, those of the system' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l cert -d 'The certificate of a client that etcd lets read' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l key -d 'The private key of `--cert`' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l user -d 'The user, if etcd has users' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l password-file -d 'The file with the password of `--user`' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -l assume-complete -d 'Vouch that the input holds every key below the prefix, where it does not show that itself'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -l kubernetes -d 'The Kubernetes version of the cluster, 1.26 to 1.37; the newest by default' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -l feature-gates -d 'The API server\'s flag of the same name; only KMSv1 matters here' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -l format -d 'How to report' -r -f -a "human\t'Text with the line and a caret, for people'
json\t'One JSON object that only grows'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -l reload -d 'The API server runs with --encryption-provider-config-automatic-reload'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -l explain -d 'List what was passed over, and why'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -l config -d 'The EncryptionConfiguration with the keys' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -l etcd-key -d 'The value\'s key in etcd, such as `/registry/secrets/shop/db`: aesgcm authenticates it' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -l etcd-prefix -d 'What the API server puts before each key: its own `--etcd-prefix`' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -l base64 -d 'Standard input is base64, as in the JSON of `etcdctl`'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -l any-content -d 'Print what an aescbc key makes of the value even if that is no Kubernetes object'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from decrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l provider -d 'What encrypts' -r -f -a "aescbc\t'AES-CBC: every Kubernetes has it, and CIS takes it'
secretbox\t'XSalsa20 and Poly1305: the strongest with a key in the file'
aesgcm\t'AES-GCM: fast, and needs a new key every 200,000 writes'
kms\t'A key management service behind a socket, version 2'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l resources -d 'What is encrypted: `secrets`, `deployments.apps`, `*.apps`, `*.`, `*.*`' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l key-name -d 'The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l kms-name -d 'The name of the KMS plugin, which begins every value that it encrypts' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l kms-endpoint -d 'The socket of the KMS plugin: unix:///path' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l kms-timeout -d 'How long a call to the KMS plugin may take [default: 3s]' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -s o -l output -d 'The file to write, readable by its owner alone; `-` prints, which only a file without a key may be' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l static-pod -d 'Add the flags and the mount to kube-apiserver\'s manifest, byte-exact elsewhere' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l host-path -d 'The folder of the file on the node [default: that of --output]' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l mount-path -d 'The folder of the file in kube-apiserver\'s container' -r
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -l force -d 'Replace the file; what the keys in it have encrypted is lost'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -f -a "prepare" -d 'Add a new key behind the one that encrypts: every API server learns to read it'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -f -a "promote" -d 'Make the prepared key or provider the first: it encrypts from now on'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -f -a "prune" -d 'Remove the older keys, once nothing needs them'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -f -a "add-provider" -d 'Add another provider behind the first one, to be promoted like a key'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -f -a "disable" -d 'Make `identity` the first provider: what is written from now on is plaintext'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -f -a "status" -d 'Tell where the file stands in a rotation, and which API servers run it'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from rotate" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from help" -f -a "audit" -d 'Count what etcd stores as plaintext, and under which key'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from help" -f -a "check" -d 'Say whether the API server loads a file, and what it does not see in it'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from help" -f -a "decrypt" -d 'Decrypt one value of etcd, from standard input'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from help" -f -a "init" -d 'Write a new configuration with a new key'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Exchange the key, or the provider, one step at a time'
complete -c kship -n "__fish_kship_using_subcommand encryption; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kship -n "__fish_kship_using_subcommand verify" -s f -l filename -d 'Also every image of these files and folders; `-` reads standard input' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l bundle -d 'Verify a file against this Sigstore bundle, without any network' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l type -d 'What must be said: an attestation of this type, by cosign\'s short name (spdx, cyclonedx, slsaprovenance1, ...) or URI' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -s a -l annotations -d 'What the signer must have noted beside the signature' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -s o -l format -d 'What to print' -r -f -a "human\t'Text, for people'
json\t'One JSON object that only grows'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
cosign\t'A JSON array for each image, as `cosign verify` prints it'"
complete -c kship -n "__fish_kship_using_subcommand verify" -l key -d 'A public key in PEM; of several any one is enough' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l certificate-identity -d 'The name in the signer\'s certificate: an address, or the URI of a workflow' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l certificate-identity-regexp -d 'The same as a regular expression, which must match the whole name' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l certificate-oidc-issuer -d 'Who vouched for that name: the OIDC issuer' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l certificate-oidc-issuer-regexp -d 'The same as a regular expression, which must match the whole URL' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l trusted-root -d 'Whom to believe about certificates, logs and times, in place of Sigstore\'s public instance' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l tlog -d 'Whether signatures must be in a transparency log' -r -f -a "auto\t'With an identity they must; with a key what is there must hold, where the log is known'
required\t'They must, with a key as well'
off\t'Not asked; with an identity a timestamp must prove the time'"
complete -c kship -n "__fish_kship_using_subcommand verify" -l insecure-ignore-tlog -d 'cosign\'s name for `--tlog off`' -r -f -a "true\t''
false\t''"
complete -c kship -n "__fish_kship_using_subcommand verify" -l include -d 'Of the files\' images only those that match a pattern, such as \'ghcr.io/company/**\'' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l exclude -d 'Not those that match a pattern' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l registry-map -d 'Look names up elsewhere: docker.io=mirror.example.com/hub' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l layout -d 'Read images from a folder of OCI image layouts, one a repository, and use no network' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l registry-auth -d 'Log in to a registry with a password that stands in a file' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l registry-ca -d 'Trust the certificate authorities in a PEM file, beside those of the system' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l plain-http -d 'Speak plain HTTP to a registry; loopback hosts need not be named' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l jobs -d 'Requests in flight to one registry' -r
complete -c kship -n "__fish_kship_using_subcommand verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand verify" -l explain -d 'List what was passed over in files, and why'
complete -c kship -n "__fish_kship_using_subcommand verify" -l trusted-root-info -d 'Tell whom the trusted root believes and how old it is, and verify nothing'
complete -c kship -n "__fish_kship_using_subcommand verify" -l allow-any-identity -d 'Take a regular expression that matches anything'
complete -c kship -n "__fish_kship_using_subcommand verify" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand completions" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honoured'
always\t'Always'
never\t'Never'"
complete -c kship -n "__fish_kship_using_subcommand man" -s q -l quiet -d 'Print only the product, warnings and errors'
complete -c kship -n "__fish_kship_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "pin" -d 'Resolve image tags to digests and write them where they stand'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "seal" -d 'Turn Secrets into SealedSecrets that only the cluster can open'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "unseal" -d 'Open SealedSecrets with the private keys of their cluster'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "reseal" -d 'Move the values of SealedSecrets to the newest key of their cluster'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "encryption" -d 'Write, check, rotate and prove the encryption of what etcd stores'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "verify" -d 'Prove who signed images and files, by key or by identity'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "man" -d 'Write the manual pages into a directory'
complete -c kship -n "__fish_kship_using_subcommand help; and not __fish_seen_subcommand_from pin seal unseal reseal encryption verify completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kship -n "__fish_kship_using_subcommand help; and __fish_seen_subcommand_from encryption" -f -a "audit" -d 'Count what etcd stores as plaintext, and under which key'
complete -c kship -n "__fish_kship_using_subcommand help; and __fish_seen_subcommand_from encryption" -f -a "check" -d 'Say whether the API server loads a file, and what it does not see in it'
complete -c kship -n "__fish_kship_using_subcommand help; and __fish_seen_subcommand_from encryption" -f -a "decrypt" -d 'Decrypt one value of etcd, from standard input'
complete -c kship -n "__fish_kship_using_subcommand help; and __fish_seen_subcommand_from encryption" -f -a "init" -d 'Write a new configuration with a new key'
complete -c kship -n "__fish_kship_using_subcommand help; and __fish_seen_subcommand_from encryption" -f -a "rotate" -d 'Exchange the key, or the provider, one step at a time'
