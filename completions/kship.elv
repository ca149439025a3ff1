
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
            cand -f 'Files with Secrets, in YAML or JSON; `-` and none at all read standard input'
            cand --secret-file 'Files with Secrets, in YAML or JSON; `-` and none at all read standard input'
            cand --cert 'The cluster''s certificate in PEM; `-` reads standard input [env: SEALED_SECRETS_CERT]'
            cand --cert-sha256 'Use the certificate only if this is its SHA-256 fingerprint'
            cand --scope 'How far the values may travel; the annotations of each Secret decide without it [env: SEALED_SECRETS_SCOPE]'
            cand --name 'The name of every Secret, whatever it says [env: SEALED_SECRETS_NAME]'
            cand -n 'The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]'
            cand --namespace 'The namespace of Secrets that name none; the others must agree [env: SEALED_SECRETS_NAMESPACE]'
            cand --from-file 'The file with the value, or NAME=FILE; its last line feed counts'
            cand -o 'How the documents are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]'
            cand --format 'How the documents are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]'
            cand -w 'Write a file instead of standard output'
            cand --sealed-secret-file 'Write a file instead of standard output'
            cand --color 'When to use colour'
            cand --allow-expired 'Use the certificate even if it has expired'
            cand --allow-empty-data 'Also seal Secrets without data'
            cand --raw 'Seal one value from --from-file or standard input, and print it alone'
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
            cand --key 'Print one value alone, byte for byte'
            cand -n 'The namespace of SealedSecrets that name none'
            cand --namespace 'The namespace of SealedSecrets that name none'
            cand -o 'How the Secrets are written: JSON, but YAML into a file of that name'
            cand --format 'How the Secrets are written: JSON, but YAML into a file of that name'
            cand -w 'Write a file, readable by its owner alone, instead of standard output'
            cand --write 'Write a file, readable by its owner alone, instead of standard output'
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
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
