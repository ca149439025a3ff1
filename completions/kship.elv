
use builtin;
use str;

set edit:completion:arg-completer[kship] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'kship'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'kship'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand pin 'Resolve image tags to digests and write them where they stand'
            cand seal 'Turn Secrets into SealedSecrets that only the cluster can open'
            cand unseal 'Open SealedSecrets with the private keys of their cluster'
            cand reseal 'Move the values of SealedSecrets to the newest key of their cluster'
            cand encryption 'Write, check, rotate and prove the encryption of what etcd stores'
            cand verify 'Prove who signed images and files, by key or by identity'
            cand completions 'Print the completion script of a shell'
            cand man 'Write the manual pages into a directory'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kship;pin'= {
            cand --style 'How a pinned reference is spelled'
            cand --platform 'Pin the image of one platform instead of the index of all'
            cand --lock 'Read what tags mean from a lock file, and keep it up to date (kbld''s and imgpkg''s are read only)'
            cand --format 'What to print'
            cand --include 'Only images that match a pattern, such as ''ghcr.io/company/**'''
            cand --exclude 'Not the images that match a pattern'
            cand --rule 'Another field that holds an image: ''spec.runner.image'', ''Kind:spec.images[]'', ''key=runnerImage'''
            cand --registry-map 'Look names up elsewhere: docker.io=mirror.example.com/hub'
            cand --layout 'Read images from a folder of OCI image layouts, one a repository, and use no network'
            cand --registry-auth 'Log in to a registry with a password that stands in a file'
            cand --registry-ca 'Trust the certificate authorities in a PEM file, beside those of the system'
            cand --plain-http 'Speak plain HTTP to a registry; loopback hosts need not be named'
            cand --jobs 'Requests in flight to one registry'
            cand --color 'When to use colour'
            cand --check 'Write nothing; fail if an image has no digest'
            cand --online 'With --check: also compare every digest with its registry'
            cand --update 'Also replace digests whose tag has moved'
            cand --unpin 'Take the digests away again'
            cand --diff 'Write nothing; print what would change'
            cand --stdout 'Write no file but the lock; print the Kubernetes resources with their changes, ready for `kubectl apply -f -`'
            cand --locked 'Fail if the lock file would change'
            cand --frozen 'Ask no registry: the lock file must know every tag'
            cand --keep-going 'Write the files that are right even if others failed'
            cand --explain 'List what was passed over, and why'
            cand --args 'Also images in arguments: --sidecar-image=...'
            cand --env 'Also images in environment variables: RELATED_IMAGE_...'
            cand --embedded 'Also images in YAML inside ConfigMaps'
            cand --helm-tag-digest 'Write `tag: TAG@DIGEST` into Helm values without a `digest` key'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;seal'= {
            cand -f 'The Secrets to seal: files in YAML or JSON, or folders of them; standard input without it, or with `-`'
            cand --secret-file 'The Secrets to seal: files in YAML or JSON, or folders of them; standard input without it, or with `-`'
            cand --cert 'The cluster''s certificate: a PEM file, an address, or `-` for standard input; without it the cluster is asked [env: SEALED_SECRETS_CERT]'
            cand -w 'The file to write, in YAML if it is called .yaml or .yml; standard output without it'
            cand --sealed-secret-file 'The file to write, in YAML if it is called .yaml or .yml; standard output without it'
            cand --scope 'How far the values may travel; the annotations of each Secret decide without it [env: SEALED_SECRETS_SCOPE]'
            cand --name 'The name of every Secret, whatever it says [env: SEALED_SECRETS_NAME]'
            cand -n 'The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]'
            cand --namespace 'The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]'
            cand -o 'How the documents are written, JSON by default; or how --check reports [env: SEALED_SECRETS_FORMAT]'
            cand --format 'How the documents are written, JSON by default; or how --check reports [env: SEALED_SECRETS_FORMAT]'
            cand --merge-into 'Seal the values of the Secret for the SealedSecret in FILE, and write them there; its scope, name and namespace count, and nothing else of FILE changes. With --sealed-secret-file the result goes there, and FILE stays [env: SEALED_SECRETS_MERGE_INTO]'
            cand --from-file 'Make a Secret of files, FILE or KEY=FILE, or of those in a folder; with --raw the file with the value. The last line feed counts'
            cand --from-literal 'Make a Secret of values; other users of this machine can see them'
            cand --from-env-file 'Make a Secret of the lines NAME=VALUE of a file; a NAME alone takes its value from the environment'
            cand --type 'The type of that Secret, such as kubernetes.io/tls; its keys are checked'
            cand --cert-sha256 'Use the certificate only if this is its SHA-256 fingerprint'
            cand --recovery-private-key 'Files with private keys, for --recovery-unseal [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]'
            cand --controller-name 'The controller''s service; the Helm chart names it sealed-secrets [default: sealed-secrets-controller]'
            cand --controller-namespace 'The namespace of the controller [default: kube-system]'
            cand --kubeconfig 'The kubeconfig, in place of KUBECONFIG and ~/.kube/config'
            cand --context 'The context of the kubeconfig, if not the current one'
            cand --cluster 'The cluster of the kubeconfig, if not the context''s'
            cand --user 'The user of the kubeconfig, if not the context''s'
            cand --server 'The address of the API server'
            cand --certificate-authority 'The certificate authorities of the API server, in PEM'
            cand --tls-server-name 'The name in the API server''s certificate, if not that of its address'
            cand --proxy-url 'The proxy to the API server: http, https or socks5'
            cand --client-certificate 'The user''s certificate, in PEM'
            cand --client-key 'The key of the user''s certificate'
            cand --token 'A bearer token; other users of this machine can see it here, but not in SEALED_SECRETS_TOKEN'
            cand --username 'The name for basic authentication'
            cand --password 'The password for basic authentication'
            cand --as 'Act for this user'
            cand --as-uid 'Act for a user with this ID'
            cand --as-group 'Act for a member of this group; may be given several times'
            cand --request-timeout 'The longest wait for one answer, such as 30s or 2m; 0 leaves kship''s own limit [default: 2m]'
            cand -v 'v'
            cand --v 'v'
            cand --vmodule 'vmodule'
            cand --log_backtrace_at 'log_backtrace_at'
            cand --log_dir 'log_dir'
            cand --log_file 'log_file'
            cand --log_file_max_size 'log_file_max_size'
            cand --stderrthreshold 'stderrthreshold'
            cand --alsologtostderrthreshold 'alsologtostderrthreshold'
            cand --logtostderr 'logtostderr'
            cand --alsologtostderr 'alsologtostderr'
            cand --add_dir_header 'add_dir_header'
            cand --legacy_stderr_threshold_behavior 'legacy_stderr_threshold_behavior'
            cand --one_output 'one_output'
            cand --skip_headers 'skip_headers'
            cand --skip_log_headers 'skip_log_headers'
            cand --color 'When to use colour'
            cand --check 'Write nothing; fail if a Secret is in plain text, or a SealedSecret is damaged (with --cert: does not fit it)'
            cand --explain 'With --check: list what was passed over, and why'
            cand --raw 'Seal one value from --from-file or standard input, and print it alone'
            cand --allow-expired 'Use the certificate even if it has expired'
            cand --allow-empty-data 'Also seal Secrets without data'
            cand --fetch-cert 'Print the certificate, of the cluster or from --cert, and seal nothing'
            cand --validate 'Ask the cluster whether it can open SealedSecrets'
            cand --re-encrypt 'Have the cluster seal the values of SealedSecrets anew with its newest key; files are changed in place'
            cand --recovery-unseal 'Open SealedSecrets, as `kship unseal` does'
            cand --insecure-skip-tls-verify 'Take any certificate of the API server: whoever answers can hand out their own sealing certificate'
            cand --disable-compression 'Nothing to do: kship asks for no compression'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;unseal'= {
            cand -f 'Files with SealedSecrets, in YAML or JSON; `-` and none at all read standard input'
            cand --file 'Files with SealedSecrets, in YAML or JSON; `-` and none at all read standard input'
            cand --private-key 'Files with private keys: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]'
            cand --recovery-private-key 'Files with private keys: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]'
            cand --password-file 'The file whose first line is the password of encrypted private keys; `-` reads standard input [env: KSHIP_PRIVATE_KEY_PASSWORD has the password itself]'
            cand --key 'Print one value alone, byte for byte'
            cand --name 'With --raw: the name that it was sealed for'
            cand --scope 'With --raw: the scope that it was sealed with; strict without it'
            cand -n 'The namespace of SealedSecrets that name none, or of the value of --raw'
            cand --namespace 'The namespace of SealedSecrets that name none, or of the value of --raw'
            cand -o 'How the Secrets are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]'
            cand --format 'How the Secrets are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]'
            cand -w 'Write a file, readable by its owner alone, instead of standard output'
            cand --write 'Write a file, readable by its owner alone, instead of standard output'
            cand --color 'When to use colour'
            cand --raw 'Open one sealed value alone, as `kship seal --raw` prints it, and print it byte for byte'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;reseal'= {
            cand --private-key 'Files with private keys, old and new: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]'
            cand --recovery-private-key 'Files with private keys, old and new: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]'
            cand --password-file 'The file whose first line is the password of encrypted private keys; `-` reads standard input [env: KSHIP_PRIVATE_KEY_PASSWORD has the password itself]'
            cand --cert 'The certificate to seal for, in PEM: a file, `-` for standard input, or an address [env: SEALED_SECRETS_CERT]'
            cand --cert-sha256 'Use the certificate only if this is its SHA-256 fingerprint'
            cand --older-than 'Reseal only values whose key has a certificate older than this one'
            cand -n 'The namespace of SealedSecrets that name none'
            cand --namespace 'The namespace of SealedSecrets that name none'
            cand --controller-name 'The controller''s service; the Helm chart names it sealed-secrets [default: sealed-secrets-controller]'
            cand --controller-namespace 'The namespace of the controller [default: kube-system]'
            cand --kubeconfig 'The kubeconfig, in place of KUBECONFIG and ~/.kube/config'
            cand --context 'The context of the kubeconfig, if not the current one'
            cand --cluster 'The cluster of the kubeconfig, if not the context''s'
            cand --user 'The user of the kubeconfig, if not the context''s'
            cand --server 'The address of the API server'
            cand --certificate-authority 'The certificate authorities of the API server, in PEM'
            cand --tls-server-name 'The name in the API server''s certificate, if not that of its address'
            cand --proxy-url 'The proxy to the API server: http, https or socks5'
            cand --client-certificate 'The user''s certificate, in PEM'
            cand --client-key 'The key of the user''s certificate'
            cand --token 'A bearer token; other users of this machine can see it here, but not in SEALED_SECRETS_TOKEN'
            cand --username 'The name for basic authentication'
            cand --password 'The password for basic authentication'
            cand --as 'Act for this user'
            cand --as-uid 'Act for a user with this ID'
            cand --as-group 'Act for a member of this group; may be given several times'
            cand --request-timeout 'The longest wait for one answer, such as 30s or 2m; 0 leaves kship''s own limit [default: 2m]'
            cand --color 'When to use colour'
            cand --allow-expired 'Use the certificate even if it has expired'
            cand --dry-run 'Say what would change, and write nothing'
            cand --controller 'Have the controller of the cluster seal the values anew, without private keys here; it does so with all of them, every time'
            cand --insecure-skip-tls-verify 'Take any certificate of the API server: whoever answers can hand out their own sealing certificate'
            cand --disable-compression 'Nothing to do: kship asks for no compression'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand audit 'Count what etcd stores as plaintext, and under which key'
            cand check 'Say whether the API server loads a file, and what it does not see in it'
            cand decrypt 'Decrypt one value of etcd, from standard input'
            cand init 'Write a new configuration with a new key'
            cand rotate 'Exchange the key, or the provider, one step at a time'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kship;encryption;audit'= {
            cand --config 'The EncryptionConfiguration of the API server'
            cand --etcd-prefix 'What the API server puts before each key: its own `--etcd-prefix`'
            cand --format 'How the report is written'
            cand --etcd 'Read a live etcd: the address of a member, such as `https://127.0.0.1:2379`. Several are tried in their order'
            cand --endpoints 'Read a live etcd: the address of a member, such as `https://127.0.0.1:2379`. Several are tried in their order'
            cand --cacert 'The authority that vouches for the members, in PEM form; without it, those of the system'
            cand --cert 'The certificate of a client that etcd lets read'
            cand --key 'The private key of `--cert`'
            cand --user 'The user, if etcd has users'
            cand --password-file 'The file with the password of `--user`'
            cand --color 'When to use colour'
            cand --assume-complete 'Vouch that the input holds every key below the prefix, where it does not show that itself'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;check'= {
            cand --kubernetes 'The Kubernetes version of the cluster, 1.26 to 1.37; the newest by default'
            cand --feature-gates 'The API server''s flag of the same name; only KMSv1 matters here'
            cand --format 'How to report'
            cand --color 'When to use colour'
            cand --reload 'The API server runs with --encryption-provider-config-automatic-reload'
            cand --explain 'List what was passed over, and why'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;decrypt'= {
            cand --config 'The EncryptionConfiguration with the keys'
            cand --etcd-key 'The value''s key in etcd, such as `/registry/secrets/shop/db`: aesgcm authenticates it'
            cand --etcd-prefix 'What the API server puts before each key: its own `--etcd-prefix`'
            cand --color 'When to use colour'
            cand --base64 'Standard input is base64, as in the JSON of `etcdctl`'
            cand --any-content 'Print what an aescbc key makes of the value even if that is no Kubernetes object'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;init'= {
            cand --provider 'What encrypts'
            cand --resources 'What is encrypted: `secrets`, `deployments.apps`, `*.apps`, `*.`, `*.*`'
            cand --key-name 'The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]'
            cand --kms-name 'The name of the KMS plugin, which begins every value that it encrypts'
            cand --kms-endpoint 'The socket of the KMS plugin: unix:///path'
            cand --kms-timeout 'How long a call to the KMS plugin may take [default: 3s]'
            cand -o 'The file to write, readable by its owner alone; `-` prints, which only a file without a key may be'
            cand --output 'The file to write, readable by its owner alone; `-` prints, which only a file without a key may be'
            cand --static-pod 'Add the flags and the mount to kube-apiserver''s manifest, byte-exact elsewhere'
            cand --host-path 'The folder of the file on the node [default: that of --output]'
            cand --mount-path 'The folder of the file in kube-apiserver''s container'
            cand --color 'When to use colour'
            cand --force 'Replace the file; what the keys in it have encrypted is lost'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;rotate'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand prepare 'Add a new key behind the one that encrypts: every API server learns to read it'
            cand promote 'Make the prepared key or provider the first: it encrypts from now on'
            cand prune 'Remove the older keys, once nothing needs them'
            cand add-provider 'Add another provider behind the first one, to be promoted like a key'
            cand disable 'Make `identity` the first provider: what is written from now on is plaintext'
            cand status 'Tell where the file stands in a rotation, and which API servers run it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kship;encryption;rotate;prepare'= {
            cand --resource 'Only the entry with this resource; without, all entries go in step'
            cand --key-name 'The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]'
            cand --color 'When to use colour'
            cand --dry-run 'Write nothing; print what would change, with keys masked'
            cand --keep-old 'Leave the keys of an earlier rotation in the file'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;rotate;promote'= {
            cand --resource 'Only the entry with this resource; without, all entries go in step'
            cand --key 'The key or KMS plugin, where names do not tell which is younger'
            cand --color 'When to use colour'
            cand --dry-run 'Write nothing; print what would change, with keys masked'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;rotate;prune'= {
            cand --resource 'Only the entry with this resource; without, all entries go in step'
            cand --key 'Remove this one only'
            cand --proof 'The JSON of `kship encryption audit`, made with this very file, which says that nothing needs the key'
            cand --color 'When to use colour'
            cand --dry-run 'Write nothing; print what would change, with keys masked'
            cand --identity 'Remove `identity` from behind the keys instead: plaintext in etcd is refused from then on'
            cand --force 'Remove without proof: what still needs the key is lost'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;rotate;add-provider'= {
            cand --resource 'Only the entry with this resource; without, all entries go in step'
            cand --provider 'What is to encrypt'
            cand --key-name 'The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]'
            cand --kms-name 'The name of the KMS plugin, which begins every value that it encrypts'
            cand --kms-endpoint 'The socket of the KMS plugin: unix:///path'
            cand --kms-timeout 'How long a call to the KMS plugin may take [default: 3s]'
            cand --color 'When to use colour'
            cand --dry-run 'Write nothing; print what would change, with keys masked'
            cand --keep-old 'Leave the keys of an earlier rotation in the file'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;rotate;disable'= {
            cand --resource 'Only the entry with this resource; without, all entries go in step'
            cand --color 'When to use colour'
            cand --dry-run 'Write nothing; print what would change, with keys masked'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;rotate;status'= {
            cand --metrics 'The metrics of an API server: a file, an address, or `-`; fails unless every one runs this file'
            cand --token-file 'The bearer token for the addresses'
            cand --ca-file 'The certificate authorities of the addresses in PEM, in place of the system''s'
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;encryption;rotate;help'= {
            cand prepare 'Add a new key behind the one that encrypts: every API server learns to read it'
            cand promote 'Make the prepared key or provider the first: it encrypts from now on'
            cand prune 'Remove the older keys, once nothing needs them'
            cand add-provider 'Add another provider behind the first one, to be promoted like a key'
            cand disable 'Make `identity` the first provider: what is written from now on is plaintext'
            cand status 'Tell where the file stands in a rotation, and which API servers run it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kship;encryption;rotate;help;prepare'= {
        }
        &'kship;encryption;rotate;help;promote'= {
        }
        &'kship;encryption;rotate;help;prune'= {
        }
        &'kship;encryption;rotate;help;add-provider'= {
        }
        &'kship;encryption;rotate;help;disable'= {
        }
        &'kship;encryption;rotate;help;status'= {
        }
        &'kship;encryption;rotate;help;help'= {
        }
        &'kship;encryption;help'= {
            cand audit 'Count what etcd stores as plaintext, and under which key'
            cand check 'Say whether the API server loads a file, and what it does not see in it'
            cand decrypt 'Decrypt one value of etcd, from standard input'
            cand init 'Write a new configuration with a new key'
            cand rotate 'Exchange the key, or the provider, one step at a time'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kship;encryption;help;audit'= {
        }
        &'kship;encryption;help;check'= {
        }
        &'kship;encryption;help;decrypt'= {
        }
        &'kship;encryption;help;init'= {
        }
        &'kship;encryption;help;rotate'= {
            cand prepare 'Add a new key behind the one that encrypts: every API server learns to read it'
            cand promote 'Make the prepared key or provider the first: it encrypts from now on'
            cand prune 'Remove the older keys, once nothing needs them'
            cand add-provider 'Add another provider behind the first one, to be promoted like a key'
            cand disable 'Make `identity` the first provider: what is written from now on is plaintext'
            cand status 'Tell where the file stands in a rotation, and which API servers run it'
        }
        &'kship;encryption;help;rotate;prepare'= {
        }
        &'kship;encryption;help;rotate;promote'= {
        }
        &'kship;encryption;help;rotate;prune'= {
        }
        &'kship;encryption;help;rotate;add-provider'= {
        }
        &'kship;encryption;help;rotate;disable'= {
        }
        &'kship;encryption;help;rotate;status'= {
        }
        &'kship;encryption;help;help'= {
        }
        &'kship;verify'= {
            cand -f 'Also every image of these files and folders; `-` reads standard input'
            cand --filename 'Also every image of these files and folders; `-` reads standard input'
            cand --bundle 'Verify a file against this Sigstore bundle, without any network'
            cand --type 'What must be said: an attestation of this type, by cosign''s short name (spdx, cyclonedx, slsaprovenance1, ...) or URI'
            cand -a 'What the signer must have noted beside the signature'
            cand --annotations 'What the signer must have noted beside the signature'
            cand -o 'What to print'
            cand --format 'What to print'
            cand --key 'A public key in PEM; of several any one is enough'
            cand --certificate-identity 'The name in the signer''s certificate: an address, or the URI of a workflow'
            cand --certificate-identity-regexp 'The same as a regular expression, which must match the whole name'
            cand --certificate-oidc-issuer 'Who vouched for that name: the OIDC issuer'
            cand --certificate-oidc-issuer-regexp 'The same as a regular expression, which must match the whole URL'
            cand --trusted-root 'Whom to believe about certificates, logs and times, in place of Sigstore''s public instance'
            cand --tlog 'Whether signatures must be in a transparency log'
            cand --insecure-ignore-tlog 'cosign''s name for `--tlog off`'
            cand --include 'Of the files'' images only those that match a pattern, such as ''ghcr.io/company/**'''
            cand --exclude 'Not those that match a pattern'
            cand --registry-map 'Look names up elsewhere: docker.io=mirror.example.com/hub'
            cand --layout 'Read images from a folder of OCI image layouts, one a repository, and use no network'
            cand --registry-auth 'Log in to a registry with a password that stands in a file'
            cand --registry-ca 'Trust the certificate authorities in a PEM file, beside those of the system'
            cand --plain-http 'Speak plain HTTP to a registry; loopback hosts need not be named'
            cand --jobs 'Requests in flight to one registry'
            cand --color 'When to use colour'
            cand --explain 'List what was passed over in files, and why'
            cand --trusted-root-info 'Tell whom the trusted root believes and how old it is, and verify nothing'
            cand --allow-any-identity 'Take a regular expression that matches anything'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;completions'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;man'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;help'= {
            cand pin 'Resolve image tags to digests and write them where they stand'
            cand seal 'Turn Secrets into SealedSecrets that only the cluster can open'
            cand unseal 'Open SealedSecrets with the private keys of their cluster'
            cand reseal 'Move the values of SealedSecrets to the newest key of their cluster'
            cand encryption 'Write, check, rotate and prove the encryption of what etcd stores'
            cand verify 'Prove who signed images and files, by key or by identity'
            cand completions 'Print the completion script of a shell'
            cand man 'Write the manual pages into a directory'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kship;help;pin'= {
        }
        &'kship;help;seal'= {
        }
        &'kship;help;unseal'= {
        }
        &'kship;help;reseal'= {
        }
        &'kship;help;encryption'= {
            cand audit 'Count what etcd stores as plaintext, and under which key'
            cand check 'Say whether the API server loads a file, and what it does not see in it'
            cand decrypt 'Decrypt one value of etcd, from standard input'
            cand init 'Write a new configuration with a new key'
            cand rotate 'Exchange the key, or the provider, one step at a time'
        }
        &'kship;help;encryption;audit'= {
        }
        &'kship;help;encryption;check'= {
        }
        &'kship;help;encryption;decrypt'= {
        }
        &'kship;help;encryption;init'= {
        }
        &'kship;help;encryption;rotate'= {
            cand prepare 'Add a new key behind the one that encrypts: every API server learns to read it'
            cand promote 'Make the prepared key or provider the first: it encrypts from now on'
            cand prune 'Remove the older keys, once nothing needs them'
            cand add-provider 'Add another provider behind the first one, to be promoted like a key'
            cand disable 'Make `identity` the first provider: what is written from now on is plaintext'
            cand status 'Tell where the file stands in a rotation, and which API servers run it'
        }
        &'kship;help;encryption;rotate;prepare'= {
        }
        &'kship;help;encryption;rotate;promote'= {
        }
        &'kship;help;encryption;rotate;prune'= {
        }
        &'kship;help;encryption;rotate;add-provider'= {
        }
        &'kship;help;encryption;rotate;disable'= {
        }
        &'kship;help;encryption;rotate;status'= {
        }
        &'kship;help;verify'= {
        }
        &'kship;help;completions'= {
        }
        &'kship;help;man'= {
        }
        &'kship;help;help'= {
        }
    ]
    $completions[$command]
}
