//! Every size, count, depth and time that somebody else chooses, in one table.
//!
//! A limit is checked before the bytes behind it are parsed. Who reaches one gets an error that names it.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Largest file that is read, in bytes. The largest manifest met in public repositories is 2 MB (Argo CD's
/// `install.yaml`); generated bundles of whole clusters reach tens of megabytes.
pub const FILE_BYTES: u64 = 256 << 20;

/// Deepest nesting of a YAML document. Kubernetes' own types reach 25, schemas in resource definitions 60.
pub const YAML_DEPTH: usize = 256;

/// Largest number of nodes that a YAML document may have once its aliases are followed, beyond ten times those written.
/// Stops "billion laughs".
pub const YAML_ALIAS_NODES: usize = 1_000_000;

/// Deepest nesting of variables (`${A:-${B}}`, or one in the value of another); people write two.
pub const VARIABLE_DEPTH: usize = 64;

/// Longest value of a variable that is followed, in bytes: beyond any reference. Stops variables that double.
pub const VARIABLE_BYTES: usize = 4 << 10;

/// Services of a Compose file that extend one another, and jobs of GitLab CI (GitLab takes 11).
pub const EXTENDS_DEPTH: usize = 16;

/// Jobs that one job of GitLab CI extends, directly and through others.
pub const EXTENDS_JOBS: usize = 128;

/// What a finding keeps of its line on each side of where it starts, in bytes: more than any terminal shows. A manifest of
/// 2 MB may be one line with a thousand findings.
pub const LINE_EXCERPT_BYTES: usize = 1 << 10;

/// Largest manifest or index that is read, in bytes. The distribution specification asks registries to take 4 MiB.
pub const MANIFEST_BYTES: u64 = 8 << 20;

/// Largest blob that is read whole, in bytes: configurations, attestations, SBOMs. Layers are never read.
pub const BLOB_BYTES: u64 = 128 << 20;

/// Largest answer of a token server, in bytes. Amazon's tokens, the largest known, are 4 KiB.
pub const TOKEN_BYTES: u64 = 64 << 10;

/// Largest error body that is read to explain a failure, in bytes.
pub const ERROR_BYTES: u64 = 64 << 10;

/// Largest credential file (`config.json`, `auth.json`, `registries.conf`), in bytes.
pub const CREDENTIAL_FILE_BYTES: u64 = 4 << 20;

/// Largest output of a credential helper, in bytes.
pub const HELPER_BYTES: u64 = 64 << 10;

/// Largest metrics of an API server, in bytes. Those of busy clusters have tens of megabytes.
pub const METRICS_BYTES: u64 = 256 << 20;

/// Redirects that are followed for one request.
pub const REDIRECTS: usize = 5;

/// Pages of a tag or referrers list that are followed.
pub const PAGES: usize = 100;

/// Tries of one request after 429, 5xx or a broken connection.
pub const TRIES: u32 = 4;

/// Longest wait for a connection.
pub const CONNECT: Duration = Duration::from_secs(10);

/// Longest wait for the next byte of an answer.
pub const READ: Duration = Duration::from_secs(30);

/// Longest time for one request with all its tries, redirects and waits.
pub const REQUEST: Duration = Duration::from_secs(120);

/// Longest single wait that a `Retry-After` can ask for.
pub const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Shortest wait before a request is tried again.
pub const RETRY_FLOOR: Duration = Duration::from_millis(100);

/// Longest run of a credential helper; some open a browser or ask a cloud.
pub const HELPER: Duration = Duration::from_secs(30);

/// Requests in flight to one registry host. `--jobs` changes it.
pub const IN_FLIGHT: usize = 16;

/// Longest text that is read as a reference, in bytes: a host name of 255, a repository of 255, a tag of 128, a digest of
/// 136, and what parts them.
pub const REFERENCE_BYTES: usize = 1024;

/// Characters of a value or field name that a report repeats.
pub const EXCERPT_CHARACTERS: usize = 300;

/// Largest `kship.yaml`, in bytes.
pub const POLICY_BYTES: u64 = 4 << 20;

/// Keys of one Secret that a message lists.
pub const KEYS_SHOWN: usize = 8;

/// Platforms that a message lists.
pub const PLATFORMS_SHOWN: usize = 20;

/// Sizes of RSA keys that seal or open, in bits. Shorter ones have been within reach since 2015 (NIST SP 800-57), longer
/// ones are refused by the cryptography library.
pub const SEALING_KEY_BITS: RangeInclusive<usize> = 2048..=8192;

/// Largest certificate or private key file, in bytes. A backup of all sealing keys of a cluster that renews them every
/// 30 days grows by 10 KB a month.
pub const KEY_FILE_BYTES: u64 = 16 << 20;

/// Most iterations of PBKDF2 for the password of a private key: about ten seconds. OWASP asks for 600,000 (2023).
pub const PBKDF2_ITERATIONS: u32 = 10_000_000;

/// Most memory of scrypt for the password of a private key, in bytes. OpenSSL takes 16 MiB by itself, and 32 MiB at most.
pub const SCRYPT_MEMORY: u64 = 128 << 20;

/// Highest parallelization of scrypt, which multiplies its time. OpenSSL writes 1.
pub const SCRYPT_PARALLELIZATION: u16 = 16;

/// Largest file with a password, in bytes.
pub const PASSWORD_BYTES: u64 = 64 << 10;

/// Largest value that is sealed from standard input or a file, in bytes. Kubernetes takes Secrets of 1 MiB.
pub const SECRET_VALUE_BYTES: u64 = 16 << 20;

/// Largest Secret that is made of flags, in bytes: what the API server takes (`MaxSecretSize`).
pub const SECRET_BYTES: usize = 1 << 20;

/// Labels that are tried to explain why a sealed value does not open. Each costs a private RSA operation for each key, a
/// few milliseconds with 4096 bits.
pub const OTHER_LABELS: usize = 100;

/// Largest kubeconfig, in bytes. One that names a hundred clusters with certificates inside has 1 MB.
pub const KUBECONFIG_BYTES: u64 = 16 << 20;

/// Largest answer of the API server or of what stands behind it, in bytes: a SealedSecret of 1.5 MB, the most that etcd
/// takes, as JSON twice over.
pub const CLUSTER_BYTES: u64 = 4 << 20;

/// Largest certificate file at an address, in bytes. A chain of three has 6 KB; more is a web page.
pub const CERTIFICATE_BYTES: u64 = 1 << 20;

/// Tries of one request to the controller of sealed secrets. It answers two a second on average to all clients
/// together and says 429 to the rest; client-go tries ten times too.
pub const CONTROLLER_TRIES: u32 = 10;
/// Keys of etcd that one page may have. etcd walks its whole index for each page, so few large pages beat many small ones.
pub const ETCD_PAGE_KEYS: i64 = 10_000;

/// A page of etcd that is larger than this, in bytes, makes the next one smaller: what a reading holds in memory.
pub const ETCD_PAGE_BYTES: usize = 8 << 20;

/// A page of etcd that is smaller than this, in bytes, makes the next one larger.
pub const ETCD_PAGE_BYTES_LOW: usize = 2 << 20;

/// Largest answer of etcd that is read, in bytes; a larger page is asked for again with half the keys. A single value has
/// at most 1.5 MiB unless `--max-request-bytes` of etcd says otherwise.
pub const ETCD_ANSWER_BYTES: usize = 64 << 20;

/// Longest wait for one page of etcd.
pub const ETCD_PAGE: Duration = Duration::from_secs(60);

/// Largest key and value of etcd together, as JSON, in bytes. etcd takes requests of 1.5 MiB unless it is told otherwise.
pub const STORED_ITEM_BYTES: usize = 128 << 20;

/// Largest page of an etcd snapshot with those that it overflows to, in bytes: a page holds at least two values.
pub const SNAPSHOT_PAGE_BYTES: u64 = 256 << 20;

/// Deepest tree of pages in an etcd snapshot. With two entries in each branch it would hold 2^32 leaves.
pub const SNAPSHOT_DEPTH: usize = 32;

/// Names of stored values that an audit keeps for each count; those beyond are counted, not named.
pub const AUDIT_NAMES: usize = 1_000;

/// Resources that an audit tells apart, and keys within each. Group names, key names and key ids are whatever somebody wrote
/// to etcd; those beyond are counted together.
pub const AUDIT_GROUPS: usize = 10_000;
/// Sizes of RSA keys whose signatures are trusted, in bits; the bounds are those of [`SEALING_KEY_BITS`].
pub const VERIFYING_RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// Largest artifact whose signature is verified as a file, in bytes. It is held in memory: an Ed25519 signature is over the
/// whole of it.
pub const ARTIFACT_BYTES: u64 = 2 << 30;

/// Largest bundle, envelope or payload of a signature, in bytes. Most of it is the predicate of an attestation; SBOMs of large
/// images reach tens of megabytes, and base64 adds a third (CVE-2024-29902 and others had no limit).
pub const BUNDLE_BYTES: u64 = 64 << 20;

/// Largest trusted root, in bytes. The public one has 7 KB, that of GitHub 32 KB.
pub const TRUSTED_ROOT_BYTES: u64 = 4 << 20;

/// Log entries of one bundle, as sigstore-go has it; a bundle has one.
pub const LOG_ENTRIES: usize = 32;

/// Timestamps of one bundle, as sigstore-go has it; a bundle has one.
pub const TIMESTAMPS: usize = 32;

/// Hashes of one inclusion proof: a log of 2^64 entries needs no more.
pub const PROOF_HASHES: usize = 64;

/// Subjects of one statement, as sigstore-go has it.
pub const SUBJECTS: usize = 1024;

/// Digests of one subject, as sigstore-go has it.
pub const SUBJECT_DIGESTS: usize = 32;

/// Pieces of evidence that are looked at for one image: referrers, and layers under each legacy tag. cosign stops at 1000
/// layers, and images have less than ten.
pub const EVIDENCE: usize = 256;

/// Largest compiled pattern for identities, in bytes (CVE-2023-25656 was a pattern of this kind).
pub const PATTERN_BYTES: usize = 1 << 20;

/// Reasons that one finding repeats about signatures that were refused.
pub const REJECTIONS_SHOWN: usize = 5;
