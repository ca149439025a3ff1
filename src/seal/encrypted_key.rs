//! Private keys behind a password: PKCS#8's `EncryptedPrivateKeyInfo` (RFC 5958 section 3) with PBES2 (RFC 8018).

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2::Kdf;
use zeroize::Zeroizing;

use super::private_key::PrivateKeyError;
use crate::limits;

/// Takes the password off a key in DER; `number` is its place in the file.
pub(super) fn decrypt(der: &[u8], password: &str, number: usize) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let unreadable = PrivateKeyError::Cipher { number };
    let Ok(key) = EncryptedPrivateKeyInfoRef::try_from(der) else {
        return Err(unreadable);
    };
    let Some(parameters) = key.encryption_algorithm.pbes2() else {
        return Err(unreadable);
    };
    check_cost(&parameters.kdf, number)?;
    let opened = key.decrypt(password).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(
            pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. } | pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. },
        ) => unreadable,
        // One wrong password in 256 leaves a valid padding, and noise that is no DER.
        _ => PrivateKeyError::Password { number },
    })?;
    Ok(Zeroizing::new(opened.as_bytes().to_vec()))
}

/// Deriving a key takes what the file asks for: that has limits.
fn check_cost(kdf: &Kdf, number: usize) -> Result<(), PrivateKeyError> {
    let what = match kdf {
        Kdf::Pbkdf2(parameters) if parameters.iteration_count > limits::PBKDF2_ITERATIONS => "iterations of PBKDF2",
        Kdf::Scrypt(parameters) => {
            let memory = parameters
                .cost_parameter
                .saturating_mul(u64::from(parameters.block_size))
                .saturating_mul(128);
            if memory > limits::SCRYPT_MEMORY {
                "memory of scrypt"
            } else if parameters.parallelization > limits::SCRYPT_PARALLELIZATION {
                "parallelization of scrypt"
            } else {
                return Ok(());
            }
        }
        _ => return Ok(()),
    };
    Err(PrivateKeyError::Cost { number, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pem;

    const PBKDF2: &str = include_str!("../../fixtures/seal/encrypted/pbkdf2.key");
    const SHA512: &str = include_str!("../../fixtures/seal/encrypted/sha512.key");
    const SCRYPT: &str = include_str!("../../fixtures/seal/encrypted/scrypt.key");
    const DES3: &str = include_str!("../../fixtures/seal/encrypted/des3.key");
    const EXPENSIVE: &str = include_str!("../../fixtures/seal/encrypted/expensive.key");

    fn der(text: &str) -> Vec<u8> {
        pem::blocks(text).remove(0).der.unwrap().to_vec()
    }

    fn refusal(der: &[u8], password: &str) -> String {
        decrypt(der, password, 2).unwrap_err().to_string()
    }

    #[test]
    fn keys_of_openssl_are_decrypted() {
        let plain = der(include_str!("../../keys-example/sealing-2048.key"));
        for text in [PBKDF2, SHA512, SCRYPT] {
            assert_eq!(*decrypt(&der(text), "kship", 1).unwrap(), plain);
        }
    }

    #[test]
    fn a_wrong_password_says_so_whatever_its_padding() {
        for at in 0..600 {
            let password = format!("wrong{at}");
            assert_eq!(
                refusal(&der(SHA512), &password),
                "the password does not open the private key 2 of the file"
            );
        }
        assert!(refusal(&der(SCRYPT), "").contains("does not open"));
    }

    #[test]
    fn what_is_too_expensive_or_unknown_is_not_tried() {
        assert_eq!(
            refusal(&der(EXPENSIVE), "kship"),
            "the private key 2 of the file asks for more iterations of PBKDF2 than kship gives"
        );
        let scrypt = der(SCRYPT);
        let parameters = [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01];
        let at = scrypt
            .windows(parameters.len())
            .position(|window| window == parameters)
            .unwrap();
        for (offset, value, what) in [(6, 0x7f, "memory"), (9, 0x7f, "parallelization")] {
            let mut greedy = scrypt.clone();
            greedy[at + offset] = value;
            assert!(refusal(&greedy, "kship").contains(&format!("asks for more {what} of scrypt")));
        }
        for der in [der(DES3), b"x".to_vec()] {
            assert!(refusal(&der, "kship").starts_with("the private key 2 of the file is encrypted in a way"));
        }
    }
}
