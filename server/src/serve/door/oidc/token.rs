//! Signed tokens: whether the provider signed one, for this server, and that it still counts.
//!
//! Tokens and keys are read and claims checked by crate `jsonwebtoken`; signatures are checked by `ring`, as those of TLS are.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, new_error};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::signature::{Error as Unfit, Verifier};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Validation, decode, decode_header,
};
use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;

use super::claims::Claims;

/// Keys of a provider; those that are not understood are passed over.
#[derive(Deserialize)]
#[serde(from = "Set")]
pub struct Keys(Vec<Jwk>);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl From<Set> for Keys {
    fn from(set: Set) -> Self {
        Self(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
    }
}

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// None of the keys fits.
    #[error("it is signed by no key of the provider")]
    UnknownKey,
    /// It is signed in a way that anybody could have done, or that is not known here.
    #[error("it is signed by {0:?}, which is not taken")]
    Algorithm(Algorithm),
    /// It was made for another.
    #[error("it was made for {0:?}")]
    Other(String),
    /// It is none, or does not count.
    #[error("{0}")]
    Unfit(#[from] jsonwebtoken::errors::Error),
}

/// Returns what a token says.
///
/// # Errors
/// [`TokenError`].
pub fn verified(token: &str, keys: &Keys, issuer: &str, client_id: &str) -> Result<Claims, TokenError> {
    // Set once; every later time finds it set.
    let _ = RING.install_default();
    let header = decode_header(token)?;
    let family = header.alg.family();
    if family == AlgorithmFamily::Hmac {
        return Err(TokenError::Algorithm(header.alg));
    }
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    validation.validate_nbf = true;
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    let signs = |key: &&Jwk| matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let fitting = keys.0.iter().filter(named).filter(signs).filter_map(|key| DecodingKey::from_jwk(key).ok());
    for key in fitting.filter(|key| key.family() == family) {
        match decode::<Claims>(token, &key, &validation) {
            Ok(read) => return for_us(read.claims, client_id),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(TokenError::UnknownKey)
}

/// A token that names who asked for it was asked for by this server.
fn for_us(claims: Claims, client_id: &str) -> Result<Claims, TokenError> {
    match claims.get("azp").and_then(Value::as_str) {
        Some(other) if other != client_id => Err(TokenError::Other(other.to_owned())),
        _ => Ok(claims),
    }
}

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() })),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Checks signatures of one algorithm by one key.
struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), Unfit> {
        let fits = match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let parameters = rsa(self.algorithm).ok_or_else(Unfit::new)?;
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signed)
            }
            DecodingKeyKind::SecretOrDer(point) => {
                let algorithm = curve(self.algorithm).ok_or_else(Unfit::new)?;
                UnparsedPublicKey::new(algorithm, point).verify(message, signed)
            }
        };
        fits.map_err(|_| Unfit::new())
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn curve(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        Algorithm::ES256 => Some(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Some(&signature::ED25519),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Self {
            let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
        }

        /// Its key as `one`, beside some that are not understood.
        fn keys(&self) -> Keys {
            let point = self.0.public_key().as_ref();
            let part = |range| URL_SAFE_NO_PAD.encode(&point[range]);
            let key = json!({"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "x": part(1..33), "y": part(33..65)});
            let odd = json!({"kty": "AKP", "alg": "ML-DSA-87", "pub": "AA"});
            serde_json::from_value(json!({"keys": [odd, key]})).unwrap()
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", part(header), part(claims));
            let signed = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed))
        }
    }

    /// Claims that count, with some changed.
    fn claims(changes: &Value) -> Value {
        let exp = crate::clock::now().as_second() + 600;
        let mut all = json!({"iss": "https://id.example", "aud": ["flyonce"], "exp": exp, "sub": "1"});
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    }

    fn read(token: &str, keys: &Keys) -> Result<Claims, String> {
        verified(token, keys, "https://id.example", "flyonce").map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_counts_when_the_provider_signed_it_for_this_server() {
        let signer = Signer::new();
        for header in [json!({"alg": "ES256", "kid": "one"}), json!({"alg": "ES256"})] {
            let told =
                read(&signer.token(&header, &claims(&json!({"azp": "flyonce"}))), &signer.keys()).unwrap();
            assert_eq!(told["sub"], "1");
        }
    }

    #[test]
    fn another_audience_issuer_time_key_or_way_of_signing_is_refused() {
        let (signer, header) = (Signer::new(), json!({"alg": "ES256", "kid": "one"}));
        let past = crate::clock::now().as_second() - 600;
        for changes in [
            json!({"aud": "other"}),
            json!({"iss": "https://other.example"}),
            json!({"exp": past}),
            json!({"exp": null}),
            json!({"sub": null}),
            json!({"nbf": past + 1_200}),
            json!({"azp": "other"}),
        ] {
            let token = signer.token(&header, &claims(&changes));
            assert!(read(&token, &signer.keys()).is_err(), "{changes}");
        }
        let token = signer.token(&header, &claims(&json!({})));
        assert!(read(&token, &Signer::new().keys()).unwrap_err().contains("no key of the provider"));
        let other = signer.token(&json!({"alg": "ES256", "kid": "two"}), &claims(&json!({})));
        assert!(read(&other, &signer.keys()).unwrap_err().contains("no key of the provider"));
        for alg in ["none", "HS256", "RS256", "ES384"] {
            let token = signer.token(&json!({"alg": alg, "kid": "one"}), &claims(&json!({})));
            assert!(read(&token, &signer.keys()).is_err(), "{alg}");
        }
        let (message, _) = token.rsplit_once('.').unwrap();
        for broken in [message, "", "a.b.c", &format!("{message}."), &format!("{token}x")] {
            assert!(read(broken, &signer.keys()).is_err(), "{broken}");
        }
    }
}
