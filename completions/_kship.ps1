
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'kship' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'kship'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'kship' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('pin', 'pin', [CompletionResultType]::ParameterValue, 'Resolve image tags to digests and write them where they stand')
            [CompletionResult]::new('seal', 'seal', [CompletionResultType]::ParameterValue, 'Turn Secrets into SealedSecrets that only the cluster can open')
            [CompletionResult]::new('unseal', 'unseal', [CompletionResultType]::ParameterValue, 'Open SealedSecrets with the private keys of their cluster')
            [CompletionResult]::new('reseal', 'reseal', [CompletionResultType]::ParameterValue, 'Move the values of SealedSecrets to the newest key of their cluster')
            [CompletionResult]::new('encryption', 'encryption', [CompletionResultType]::ParameterValue, 'Write, check, rotate and prove the encryption of what etcd stores')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Prove who signed images and files, by key or by identity')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the manual pages into a directory')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kship;pin' {
            [CompletionResult]::new('--style', '--style', [CompletionResultType]::ParameterName, 'How a pinned reference is spelled')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'Pin the image of one platform instead of the index of all')
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'Read what tags mean from a lock file, and keep it up to date (kbld''s and imgpkg''s are read only)')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'What to print')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only images that match a pattern, such as ''ghcr.io/company/**''')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Not the images that match a pattern')
            [CompletionResult]::new('--rule', '--rule', [CompletionResultType]::ParameterName, 'Another field that holds an image: ''spec.runner.image'', ''Kind:spec.images[]'', ''key=runnerImage''')
            [CompletionResult]::new('--registry-map', '--registry-map', [CompletionResultType]::ParameterName, 'Look names up elsewhere: docker.io=mirror.example.com/hub')
            [CompletionResult]::new('--layout', '--layout', [CompletionResultType]::ParameterName, 'Read images from a folder of OCI image layouts, one a repository, and use no network')
            [CompletionResult]::new('--registry-auth', '--registry-auth', [CompletionResultType]::ParameterName, 'Log in to a registry with a password that stands in a file')
            [CompletionResult]::new('--registry-ca', '--registry-ca', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in a PEM file, beside those of the system')
            [CompletionResult]::new('--plain-http', '--plain-http', [CompletionResultType]::ParameterName, 'Speak plain HTTP to a registry; loopback hosts need not be named')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Requests in flight to one registry')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write nothing; fail if an image has no digest')
            [CompletionResult]::new('--online', '--online', [CompletionResultType]::ParameterName, 'With --check: also compare every digest with its registry')
            [CompletionResult]::new('--update', '--update', [CompletionResultType]::ParameterName, 'Also replace digests whose tag has moved')
            [CompletionResult]::new('--unpin', '--unpin', [CompletionResultType]::ParameterName, 'Take the digests away again')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Write nothing; print what would change')
            [CompletionResult]::new('--stdout', '--stdout', [CompletionResultType]::ParameterName, 'Write no file but the lock; print the Kubernetes resources with their changes, ready for `kubectl apply -f -`')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail if the lock file would change')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Ask no registry: the lock file must know every tag')
            [CompletionResult]::new('--keep-going', '--keep-going', [CompletionResultType]::ParameterName, 'Write the files that are right even if others failed')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'List what was passed over, and why')
            [CompletionResult]::new('--args', '--args', [CompletionResultType]::ParameterName, 'Also images in arguments: --sidecar-image=...')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'Also images in environment variables: RELATED_IMAGE_...')
            [CompletionResult]::new('--embedded', '--embedded', [CompletionResultType]::ParameterName, 'Also images in YAML inside ConfigMaps')
            [CompletionResult]::new('--helm-tag-digest', '--helm-tag-digest', [CompletionResultType]::ParameterName, 'Write `tag: TAG@DIGEST` into Helm values without a `digest` key')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;seal' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The Secrets to seal: files in YAML or JSON, or folders of them; standard input without it, or with `-`')
            [CompletionResult]::new('--secret-file', '--secret-file', [CompletionResultType]::ParameterName, 'The Secrets to seal: files in YAML or JSON, or folders of them; standard input without it, or with `-`')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'The cluster''s certificate: a PEM file, an address, or `-` for standard input; without it the cluster is asked [env: SEALED_SECRETS_CERT]')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'The file to write, in YAML if it is called .yaml or .yml; standard output without it')
            [CompletionResult]::new('--sealed-secret-file', '--sealed-secret-file', [CompletionResultType]::ParameterName, 'The file to write, in YAML if it is called .yaml or .yml; standard output without it')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'How far the values may travel; the annotations of each Secret decide without it [env: SEALED_SECRETS_SCOPE]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The name of every Secret, whatever it says [env: SEALED_SECRETS_NAME]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How the documents are written, JSON by default; or how --check reports [env: SEALED_SECRETS_FORMAT]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the documents are written, JSON by default; or how --check reports [env: SEALED_SECRETS_FORMAT]')
            [CompletionResult]::new('--merge-into', '--merge-into', [CompletionResultType]::ParameterName, 'Seal the values of the Secret for the SealedSecret in FILE, and write them there; its scope, name and namespace count, and nothing else of FILE changes. With --sealed-secret-file the result goes there, and FILE stays [env: SEALED_SECRETS_MERGE_INTO]')
            [CompletionResult]::new('--from-file', '--from-file', [CompletionResultType]::ParameterName, 'Make a Secret of files, FILE or KEY=FILE, or of those in a folder; with --raw the file with the value. The last line feed counts')
            [CompletionResult]::new('--from-literal', '--from-literal', [CompletionResultType]::ParameterName, 'Make a Secret of values; other users of this machine can see them')
            [CompletionResult]::new('--from-env-file', '--from-env-file', [CompletionResultType]::ParameterName, 'Make a Secret of the lines NAME=VALUE of a file; a NAME alone takes its value from the environment')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'The type of that Secret, such as kubernetes.io/tls; its keys are checked')
            [CompletionResult]::new('--cert-sha256', '--cert-sha256', [CompletionResultType]::ParameterName, 'Use the certificate only if this is its SHA-256 fingerprint')
            [CompletionResult]::new('--recovery-private-key', '--recovery-private-key', [CompletionResultType]::ParameterName, 'Files with private keys, for --recovery-unseal [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]')
            [CompletionResult]::new('--controller-name', '--controller-name', [CompletionResultType]::ParameterName, 'The controller''s service; the Helm chart names it sealed-secrets [default: sealed-secrets-controller]')
            [CompletionResult]::new('--controller-namespace', '--controller-namespace', [CompletionResultType]::ParameterName, 'The namespace of the controller [default: kube-system]')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig, in place of KUBECONFIG and ~/.kube/config')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig, if not the current one')
            [CompletionResult]::new('--cluster', '--cluster', [CompletionResultType]::ParameterName, 'The cluster of the kubeconfig, if not the context''s')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The user of the kubeconfig, if not the context''s')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The address of the API server')
            [CompletionResult]::new('--certificate-authority', '--certificate-authority', [CompletionResultType]::ParameterName, 'The certificate authorities of the API server, in PEM')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name in the API server''s certificate, if not that of its address')
            [CompletionResult]::new('--proxy-url', '--proxy-url', [CompletionResultType]::ParameterName, 'The proxy to the API server: http, https or socks5')
            [CompletionResult]::new('--client-certificate', '--client-certificate', [CompletionResultType]::ParameterName, 'The user''s certificate, in PEM')
            [CompletionResult]::new('--client-key', '--client-key', [CompletionResultType]::ParameterName, 'The key of the user''s certificate')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'A bearer token; other users of this machine can see it here, but not in SEALED_SECRETS_TOKEN')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'The name for basic authentication')
            [CompletionResult]::new('--password', '--password', [CompletionResultType]::ParameterName, 'The password for basic authentication')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act for this user')
            [CompletionResult]::new('--as-uid', '--as-uid', [CompletionResultType]::ParameterName, 'Act for a user with this ID')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Act for a member of this group; may be given several times')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'The longest wait for one answer, such as 30s or 2m; 0 leaves kship''s own limit [default: 2m]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'v')
            [CompletionResult]::new('--v', '--v', [CompletionResultType]::ParameterName, 'v')
            [CompletionResult]::new('--vmodule', '--vmodule', [CompletionResultType]::ParameterName, 'vmodule')
            [CompletionResult]::new('--log_backtrace_at', '--log_backtrace_at', [CompletionResultType]::ParameterName, 'log_backtrace_at')
            [CompletionResult]::new('--log_dir', '--log_dir', [CompletionResultType]::ParameterName, 'log_dir')
            [CompletionResult]::new('--log_file', '--log_file', [CompletionResultType]::ParameterName, 'log_file')
            [CompletionResult]::new('--log_file_max_size', '--log_file_max_size', [CompletionResultType]::ParameterName, 'log_file_max_size')
            [CompletionResult]::new('--stderrthreshold', '--stderrthreshold', [CompletionResultType]::ParameterName, 'stderrthreshold')
            [CompletionResult]::new('--alsologtostderrthreshold', '--alsologtostderrthreshold', [CompletionResultType]::ParameterName, 'alsologtostderrthreshold')
            [CompletionResult]::new('--logtostderr', '--logtostderr', [CompletionResultType]::ParameterName, 'logtostderr')
            [CompletionResult]::new('--alsologtostderr', '--alsologtostderr', [CompletionResultType]::ParameterName, 'alsologtostderr')
            [CompletionResult]::new('--add_dir_header', '--add_dir_header', [CompletionResultType]::ParameterName, 'add_dir_header')
            [CompletionResult]::new('--legacy_stderr_threshold_behavior', '--legacy_stderr_threshold_behavior', [CompletionResultType]::ParameterName, 'legacy_stderr_threshold_behavior')
            [CompletionResult]::new('--one_output', '--one_output', [CompletionResultType]::ParameterName, 'one_output')
            [CompletionResult]::new('--skip_headers', '--skip_headers', [CompletionResultType]::ParameterName, 'skip_headers')
            [CompletionResult]::new('--skip_log_headers', '--skip_log_headers', [CompletionResultType]::ParameterName, 'skip_log_headers')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write nothing; fail if a Secret is in plain text, or a SealedSecret is damaged (with --cert: does not fit it)')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'With --check: list what was passed over, and why')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Seal one value from --from-file or standard input, and print it alone')
            [CompletionResult]::new('--allow-expired', '--allow-expired', [CompletionResultType]::ParameterName, 'Use the certificate even if it has expired')
            [CompletionResult]::new('--allow-empty-data', '--allow-empty-data', [CompletionResultType]::ParameterName, 'Also seal Secrets without data')
            [CompletionResult]::new('--fetch-cert', '--fetch-cert', [CompletionResultType]::ParameterName, 'Print the certificate, of the cluster or from --cert, and seal nothing')
            [CompletionResult]::new('--validate', '--validate', [CompletionResultType]::ParameterName, 'Ask the cluster whether it can open SealedSecrets')
            [CompletionResult]::new('--re-encrypt', '--re-encrypt', [CompletionResultType]::ParameterName, 'Have the cluster seal the values of SealedSecrets anew with its newest key; files are changed in place')
            [CompletionResult]::new('--recovery-unseal', '--recovery-unseal', [CompletionResultType]::ParameterName, 'Open SealedSecrets, as `kship unseal` does')
            [CompletionResult]::new('--insecure-skip-tls-verify', '--insecure-skip-tls-verify', [CompletionResultType]::ParameterName, 'Take any certificate of the API server: whoever answers can hand out their own sealing certificate')
            [CompletionResult]::new('--disable-compression', '--disable-compression', [CompletionResultType]::ParameterName, 'Nothing to do: kship asks for no compression')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;unseal' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Files with SealedSecrets, in YAML or JSON; `-` and none at all read standard input')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Files with SealedSecrets, in YAML or JSON; `-` and none at all read standard input')
            [CompletionResult]::new('--private-key', '--private-key', [CompletionResultType]::ParameterName, 'Files with private keys: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]')
            [CompletionResult]::new('--recovery-private-key', '--recovery-private-key', [CompletionResultType]::ParameterName, 'Files with private keys: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The file whose first line is the password of encrypted private keys; `-` reads standard input [env: KSHIP_PRIVATE_KEY_PASSWORD has the password itself]')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Print one value alone, byte for byte')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'With --raw: the name that it was sealed for')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'With --raw: the scope that it was sealed with; strict without it')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of SealedSecrets that name none, or of the value of --raw')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of SealedSecrets that name none, or of the value of --raw')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How the Secrets are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the Secrets are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Write a file, readable by its owner alone, instead of standard output')
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Write a file, readable by its owner alone, instead of standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Open one sealed value alone, as `kship seal --raw` prints it, and print it byte for byte')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;reseal' {
            [CompletionResult]::new('--private-key', '--private-key', [CompletionResultType]::ParameterName, 'Files with private keys, old and new: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]')
            [CompletionResult]::new('--recovery-private-key', '--recovery-private-key', [CompletionResultType]::ParameterName, 'Files with private keys, old and new: PEM, or a backup of the cluster''s key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The file whose first line is the password of encrypted private keys; `-` reads standard input [env: KSHIP_PRIVATE_KEY_PASSWORD has the password itself]')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'The certificate to seal for, in PEM: a file, `-` for standard input, or an address [env: SEALED_SECRETS_CERT]')
            [CompletionResult]::new('--cert-sha256', '--cert-sha256', [CompletionResultType]::ParameterName, 'Use the certificate only if this is its SHA-256 fingerprint')
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Reseal only values whose key has a certificate older than this one')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of SealedSecrets that name none')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of SealedSecrets that name none')
            [CompletionResult]::new('--controller-name', '--controller-name', [CompletionResultType]::ParameterName, 'The controller''s service; the Helm chart names it sealed-secrets [default: sealed-secrets-controller]')
            [CompletionResult]::new('--controller-namespace', '--controller-namespace', [CompletionResultType]::ParameterName, 'The namespace of the controller [default: kube-system]')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig, in place of KUBECONFIG and ~/.kube/config')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig, if not the current one')
            [CompletionResult]::new('--cluster', '--cluster', [CompletionResultType]::ParameterName, 'The cluster of the kubeconfig, if not the context''s')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The user of the kubeconfig, if not the context''s')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The address of the API server')
            [CompletionResult]::new('--certificate-authority', '--certificate-authority', [CompletionResultType]::ParameterName, 'The certificate authorities of the API server, in PEM')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name in the API server''s certificate, if not that of its address')
            [CompletionResult]::new('--proxy-url', '--proxy-url', [CompletionResultType]::ParameterName, 'The proxy to the API server: http, https or socks5')
            [CompletionResult]::new('--client-certificate', '--client-certificate', [CompletionResultType]::ParameterName, 'The user''s certificate, in PEM')
            [CompletionResult]::new('--client-key', '--client-key', [CompletionResultType]::ParameterName, 'The key of the user''s certificate')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'A bearer token; other users of this machine can see it here, but not in SEALED_SECRETS_TOKEN')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'The name for basic authentication')
            [CompletionResult]::new('--password', '--password', [CompletionResultType]::ParameterName, 'The password for basic authentication')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Act for this user')
            [CompletionResult]::new('--as-uid', '--as-uid', [CompletionResultType]::ParameterName, 'Act for a user with this ID')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Act for a member of this group; may be given several times')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'The longest wait for one answer, such as 30s or 2m; 0 leaves kship''s own limit [default: 2m]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--allow-expired', '--allow-expired', [CompletionResultType]::ParameterName, 'Use the certificate even if it has expired')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and write nothing')
            [CompletionResult]::new('--controller', '--controller', [CompletionResultType]::ParameterName, 'Have the controller of the cluster seal the values anew, without private keys here; it does so with all of them, every time')
            [CompletionResult]::new('--insecure-skip-tls-verify', '--insecure-skip-tls-verify', [CompletionResultType]::ParameterName, 'Take any certificate of the API server: whoever answers can hand out their own sealing certificate')
            [CompletionResult]::new('--disable-compression', '--disable-compression', [CompletionResultType]::ParameterName, 'Nothing to do: kship asks for no compression')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Count what etcd stores as plaintext, and under which key')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say whether the API server loads a file, and what it does not see in it')
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Decrypt one value of etcd, from standard input')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a new configuration with a new key')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Exchange the key, or the provider, one step at a time')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kship;encryption;audit' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The EncryptionConfiguration of the API server')
            [CompletionResult]::new('--etcd-prefix', '--etcd-prefix', [CompletionResultType]::ParameterName, 'What the API server puts before each key: its own `--etcd-prefix`')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the report is written')
            [CompletionResult]::new('--etcd', '--etcd', [CompletionResultType]::ParameterName, 'Read a live etcd: the address of a member, such as `https://127.0.0.1:2379`. Several are tried in their order')
            [CompletionResult]::new('--endpoints', '--endpoints', [CompletionResultType]::ParameterName, 'Read a live etcd: the address of a member, such as `https://127.0.0.1:2379`. Several are tried in their order')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'The authority that vouches for the members, in PEM form; without it, those of the system')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'The certificate of a client that etcd lets read')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The private key of `--cert`')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The user, if etcd has users')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The file with the password of `--user`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--assume-complete', '--assume-complete', [CompletionResultType]::ParameterName, 'Vouch that the input holds every key below the prefix, where it does not show that itself')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;check' {
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'The Kubernetes version of the cluster, 1.26 to 1.37; the newest by default')
            [CompletionResult]::new('--feature-gates', '--feature-gates', [CompletionResultType]::ParameterName, 'The API server''s flag of the same name; only KMSv1 matters here')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to report')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--reload', '--reload', [CompletionResultType]::ParameterName, 'The API server runs with --encryption-provider-config-automatic-reload')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'List what was passed over, and why')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;decrypt' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The EncryptionConfiguration with the keys')
            [CompletionResult]::new('--etcd-key', '--etcd-key', [CompletionResultType]::ParameterName, 'The value''s key in etcd, such as `/registry/secrets/shop/db`: aesgcm authenticates it')
            [CompletionResult]::new('--etcd-prefix', '--etcd-prefix', [CompletionResultType]::ParameterName, 'What the API server puts before each key: its own `--etcd-prefix`')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'Standard input is base64, as in the JSON of `etcdctl`')
            [CompletionResult]::new('--any-content', '--any-content', [CompletionResultType]::ParameterName, 'Print what an aescbc key makes of the value even if that is no Kubernetes object')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;init' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'What encrypts')
            [CompletionResult]::new('--resources', '--resources', [CompletionResultType]::ParameterName, 'What is encrypted: `secrets`, `deployments.apps`, `*.apps`, `*.`, `*.*`')
            [CompletionResult]::new('--key-name', '--key-name', [CompletionResultType]::ParameterName, 'The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]')
            [CompletionResult]::new('--kms-name', '--kms-name', [CompletionResultType]::ParameterName, 'The name of the KMS plugin, which begins every value that it encrypts')
            [CompletionResult]::new('--kms-endpoint', '--kms-endpoint', [CompletionResultType]::ParameterName, 'The socket of the KMS plugin: unix:///path')
            [CompletionResult]::new('--kms-timeout', '--kms-timeout', [CompletionResultType]::ParameterName, 'How long a call to the KMS plugin may take [default: 3s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The file to write, readable by its owner alone; `-` prints, which only a file without a key may be')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The file to write, readable by its owner alone; `-` prints, which only a file without a key may be')
            [CompletionResult]::new('--static-pod', '--static-pod', [CompletionResultType]::ParameterName, 'Add the flags and the mount to kube-apiserver''s manifest, byte-exact elsewhere')
            [CompletionResult]::new('--host-path', '--host-path', [CompletionResultType]::ParameterName, 'The folder of the file on the node [default: that of --output]')
            [CompletionResult]::new('--mount-path', '--mount-path', [CompletionResultType]::ParameterName, 'The folder of the file in kube-apiserver''s container')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace the file; what the keys in it have encrypted is lost')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;rotate' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Add a new key behind the one that encrypts: every API server learns to read it')
            [CompletionResult]::new('promote', 'promote', [CompletionResultType]::ParameterValue, 'Make the prepared key or provider the first: it encrypts from now on')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove the older keys, once nothing needs them')
            [CompletionResult]::new('add-provider', 'add-provider', [CompletionResultType]::ParameterValue, 'Add another provider behind the first one, to be promoted like a key')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Make `identity` the first provider: what is written from now on is plaintext')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where the file stands in a rotation, and which API servers run it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kship;encryption;rotate;prepare' {
            [CompletionResult]::new('--resource', '--resource', [CompletionResultType]::ParameterName, 'Only the entry with this resource; without, all entries go in step')
            [CompletionResult]::new('--key-name', '--key-name', [CompletionResultType]::ParameterName, 'The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing; print what would change, with keys masked')
            [CompletionResult]::new('--keep-old', '--keep-old', [CompletionResultType]::ParameterName, 'Leave the keys of an earlier rotation in the file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;rotate;promote' {
            [CompletionResult]::new('--resource', '--resource', [CompletionResultType]::ParameterName, 'Only the entry with this resource; without, all entries go in step')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key or KMS plugin, where names do not tell which is younger')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing; print what would change, with keys masked')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;rotate;prune' {
            [CompletionResult]::new('--resource', '--resource', [CompletionResultType]::ParameterName, 'Only the entry with this resource; without, all entries go in step')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Remove this one only')
            [CompletionResult]::new('--proof', '--proof', [CompletionResultType]::ParameterName, 'The JSON of `kship encryption audit`, made with this very file, which says that nothing needs the key')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing; print what would change, with keys masked')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'Remove `identity` from behind the keys instead: plaintext in etcd is refused from then on')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Remove without proof: what still needs the key is lost')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;rotate;add-provider' {
            [CompletionResult]::new('--resource', '--resource', [CompletionResultType]::ParameterName, 'Only the entry with this resource; without, all entries go in step')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'What is to encrypt')
            [CompletionResult]::new('--key-name', '--key-name', [CompletionResultType]::ParameterName, 'The name of the key: letters, digits, `-`, `_` and `.` [default: key-DATE]')
            [CompletionResult]::new('--kms-name', '--kms-name', [CompletionResultType]::ParameterName, 'The name of the KMS plugin, which begins every value that it encrypts')
            [CompletionResult]::new('--kms-endpoint', '--kms-endpoint', [CompletionResultType]::ParameterName, 'The socket of the KMS plugin: unix:///path')
            [CompletionResult]::new('--kms-timeout', '--kms-timeout', [CompletionResultType]::ParameterName, 'How long a call to the KMS plugin may take [default: 3s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing; print what would change, with keys masked')
            [CompletionResult]::new('--keep-old', '--keep-old', [CompletionResultType]::ParameterName, 'Leave the keys of an earlier rotation in the file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;rotate;disable' {
            [CompletionResult]::new('--resource', '--resource', [CompletionResultType]::ParameterName, 'Only the entry with this resource; without, all entries go in step')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Write nothing; print what would change, with keys masked')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;rotate;status' {
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'The metrics of an API server: a file, an address, or `-`; fails unless every one runs this file')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The bearer token for the addresses')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'The certificate authorities of the addresses in PEM, in place of the system''s')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;encryption;rotate;help' {
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Add a new key behind the one that encrypts: every API server learns to read it')
            [CompletionResult]::new('promote', 'promote', [CompletionResultType]::ParameterValue, 'Make the prepared key or provider the first: it encrypts from now on')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove the older keys, once nothing needs them')
            [CompletionResult]::new('add-provider', 'add-provider', [CompletionResultType]::ParameterValue, 'Add another provider behind the first one, to be promoted like a key')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Make `identity` the first provider: what is written from now on is plaintext')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where the file stands in a rotation, and which API servers run it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kship;encryption;rotate;help;prepare' {
            break
        }
        'kship;encryption;rotate;help;promote' {
            break
        }
        'kship;encryption;rotate;help;prune' {
            break
        }
        'kship;encryption;rotate;help;add-provider' {
            break
        }
        'kship;encryption;rotate;help;disable' {
            break
        }
        'kship;encryption;rotate;help;status' {
            break
        }
        'kship;encryption;rotate;help;help' {
            break
        }
        'kship;encryption;help' {
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Count what etcd stores as plaintext, and under which key')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say whether the API server loads a file, and what it does not see in it')
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Decrypt one value of etcd, from standard input')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a new configuration with a new key')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Exchange the key, or the provider, one step at a time')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kship;encryption;help;audit' {
            break
        }
        'kship;encryption;help;check' {
            break
        }
        'kship;encryption;help;decrypt' {
            break
        }
        'kship;encryption;help;init' {
            break
        }
        'kship;encryption;help;rotate' {
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Add a new key behind the one that encrypts: every API server learns to read it')
            [CompletionResult]::new('promote', 'promote', [CompletionResultType]::ParameterValue, 'Make the prepared key or provider the first: it encrypts from now on')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove the older keys, once nothing needs them')
            [CompletionResult]::new('add-provider', 'add-provider', [CompletionResultType]::ParameterValue, 'Add another provider behind the first one, to be promoted like a key')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Make `identity` the first provider: what is written from now on is plaintext')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where the file stands in a rotation, and which API servers run it')
            break
        }
        'kship;encryption;help;rotate;prepare' {
            break
        }
        'kship;encryption;help;rotate;promote' {
            break
        }
        'kship;encryption;help;rotate;prune' {
            break
        }
        'kship;encryption;help;rotate;add-provider' {
            break
        }
        'kship;encryption;help;rotate;disable' {
            break
        }
        'kship;encryption;help;rotate;status' {
            break
        }
        'kship;encryption;help;help' {
            break
        }
        'kship;verify' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Also every image of these files and folders; `-` reads standard input')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Also every image of these files and folders; `-` reads standard input')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Verify a file against this Sigstore bundle, without any network')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'What must be said: an attestation of this type, by cosign''s short name (spdx, cyclonedx, slsaprovenance1, ...) or URI')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'What the signer must have noted beside the signature')
            [CompletionResult]::new('--annotations', '--annotations', [CompletionResultType]::ParameterName, 'What the signer must have noted beside the signature')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'What to print')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'What to print')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'A public key in PEM; of several any one is enough')
            [CompletionResult]::new('--certificate-identity', '--certificate-identity', [CompletionResultType]::ParameterName, 'The name in the signer''s certificate: an address, or the URI of a workflow')
            [CompletionResult]::new('--certificate-identity-regexp', '--certificate-identity-regexp', [CompletionResultType]::ParameterName, 'The same as a regular expression, which must match the whole name')
            [CompletionResult]::new('--certificate-oidc-issuer', '--certificate-oidc-issuer', [CompletionResultType]::ParameterName, 'Who vouched for that name: the OIDC issuer')
            [CompletionResult]::new('--certificate-oidc-issuer-regexp', '--certificate-oidc-issuer-regexp', [CompletionResultType]::ParameterName, 'The same as a regular expression, which must match the whole URL')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Whom to believe about certificates, logs and times, in place of Sigstore''s public instance')
            [CompletionResult]::new('--tlog', '--tlog', [CompletionResultType]::ParameterName, 'Whether signatures must be in a transparency log')
            [CompletionResult]::new('--insecure-ignore-tlog', '--insecure-ignore-tlog', [CompletionResultType]::ParameterName, 'cosign''s name for `--tlog off`')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Of the files'' images only those that match a pattern, such as ''ghcr.io/company/**''')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Not those that match a pattern')
            [CompletionResult]::new('--registry-map', '--registry-map', [CompletionResultType]::ParameterName, 'Look names up elsewhere: docker.io=mirror.example.com/hub')
            [CompletionResult]::new('--layout', '--layout', [CompletionResultType]::ParameterName, 'Read images from a folder of OCI image layouts, one a repository, and use no network')
            [CompletionResult]::new('--registry-auth', '--registry-auth', [CompletionResultType]::ParameterName, 'Log in to a registry with a password that stands in a file')
            [CompletionResult]::new('--registry-ca', '--registry-ca', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in a PEM file, beside those of the system')
            [CompletionResult]::new('--plain-http', '--plain-http', [CompletionResultType]::ParameterName, 'Speak plain HTTP to a registry; loopback hosts need not be named')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Requests in flight to one registry')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'List what was passed over in files, and why')
            [CompletionResult]::new('--trusted-root-info', '--trusted-root-info', [CompletionResultType]::ParameterName, 'Tell whom the trusted root believes and how old it is, and verify nothing')
            [CompletionResult]::new('--allow-any-identity', '--allow-any-identity', [CompletionResultType]::ParameterName, 'Take a regular expression that matches anything')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only the product, warnings and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kship;help' {
            [CompletionResult]::new('pin', 'pin', [CompletionResultType]::ParameterValue, 'Resolve image tags to digests and write them where they stand')
            [CompletionResult]::new('seal', 'seal', [CompletionResultType]::ParameterValue, 'Turn Secrets into SealedSecrets that only the cluster can open')
            [CompletionResult]::new('unseal', 'unseal', [CompletionResultType]::ParameterValue, 'Open SealedSecrets with the private keys of their cluster')
            [CompletionResult]::new('reseal', 'reseal', [CompletionResultType]::ParameterValue, 'Move the values of SealedSecrets to the newest key of their cluster')
            [CompletionResult]::new('encryption', 'encryption', [CompletionResultType]::ParameterValue, 'Write, check, rotate and prove the encryption of what etcd stores')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Prove who signed images and files, by key or by identity')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the manual pages into a directory')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kship;help;pin' {
            break
        }
        'kship;help;seal' {
            break
        }
        'kship;help;unseal' {
            break
        }
        'kship;help;reseal' {
            break
        }
        'kship;help;encryption' {
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Count what etcd stores as plaintext, and under which key')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say whether the API server loads a file, and what it does not see in it')
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Decrypt one value of etcd, from standard input')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a new configuration with a new key')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Exchange the key, or the provider, one step at a time')
            break
        }
        'kship;help;encryption;audit' {
            break
        }
        'kship;help;encryption;check' {
            break
        }
        'kship;help;encryption;decrypt' {
            break
        }
        'kship;help;encryption;init' {
            break
        }
        'kship;help;encryption;rotate' {
            [CompletionResult]::new('prepare', 'prepare', [CompletionResultType]::ParameterValue, 'Add a new key behind the one that encrypts: every API server learns to read it')
            [CompletionResult]::new('promote', 'promote', [CompletionResultType]::ParameterValue, 'Make the prepared key or provider the first: it encrypts from now on')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove the older keys, once nothing needs them')
            [CompletionResult]::new('add-provider', 'add-provider', [CompletionResultType]::ParameterValue, 'Add another provider behind the first one, to be promoted like a key')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Make `identity` the first provider: what is written from now on is plaintext')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where the file stands in a rotation, and which API servers run it')
            break
        }
        'kship;help;encryption;rotate;prepare' {
            break
        }
        'kship;help;encryption;rotate;promote' {
            break
        }
        'kship;help;encryption;rotate;prune' {
            break
        }
        'kship;help;encryption;rotate;add-provider' {
            break
        }
        'kship;help;encryption;rotate;disable' {
            break
        }
        'kship;help;encryption;rotate;status' {
            break
        }
        'kship;help;verify' {
            break
        }
        'kship;help;completions' {
            break
        }
        'kship;help;man' {
            break
        }
        'kship;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
