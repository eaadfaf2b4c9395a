//! Signatures of certificates and time stamps, by the algorithm that they name.

use const_oid::ObjectIdentifier;
use der::{Decode, Encode};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::Certificate;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// SHA-256.
pub const SHA_256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
/// SHA-384.
pub const SHA_384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
/// SHA-512.
pub const SHA_512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_SHA_256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const RSA_SHA_384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const RSA_SHA_512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const ECDSA_SHA_256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
const ED25519: ObjectIdentifier = oid("1.3.101.112");
const P_256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = oid("1.3.132.0.34");

/// Checks a signature. `digest` decides where the algorithm says RSA alone.
///
/// # Errors
/// When it does not fit, or its algorithm is not known here.
pub fn check(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: ObjectIdentifier,
    digest: ObjectIdentifier,
    message: &[u8],
    signed: &[u8],
) -> Result<(), String> {
    let curve = key.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let verifier: &dyn VerificationAlgorithm = match (algorithm, digest, curve) {
        (RSA_SHA_256, ..) | (RSA, SHA_256, _) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (RSA_SHA_384, ..) | (RSA, SHA_384, _) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (RSA_SHA_512, ..) | (RSA, SHA_512, _) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (ECDSA_SHA_256, _, Some(P_256)) => &signature::ECDSA_P256_SHA256_ASN1,
        (ECDSA_SHA_384, _, Some(P_256)) => &signature::ECDSA_P256_SHA384_ASN1,
        (ECDSA_SHA_256, _, Some(P_384)) => &signature::ECDSA_P384_SHA256_ASN1,
        (ECDSA_SHA_384, _, Some(P_384)) => &signature::ECDSA_P384_SHA384_ASN1,
        (ED25519, ..) => &signature::ED25519,
        _ => return Err(format!("its signature algorithm {algorithm} is not known here")),
    };
    let key = UnparsedPublicKey::new(verifier, key.subject_public_key.raw_bytes());
    key.verify(message, signed).map_err(|_| "its signature does not fit".to_owned())
}

/// Tells whether a certificate was signed with the key of another.
pub fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let Ok(message) = certificate.tbs_certificate.to_der() else { return false };
    certificate.tbs_certificate.issuer == issuer.tbs_certificate.subject
        && check(
            &issuer.tbs_certificate.subject_public_key_info,
            certificate.signature_algorithm.oid,
            SHA_256,
            &message,
            certificate.signature.raw_bytes(),
        )
        .is_ok()
}

/// Reads certificates out of PEM.
///
/// # Errors
/// When there is none, or one that cannot be read.
pub fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, String> {
    let found = Certificate::load_pem_chain(pem).map_err(|error| error.to_string())?;
    if found.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(found) }
}

/// Reads a certificate out of DER.
///
/// # Errors
/// When it is none.
pub fn certificate(der: &[u8]) -> Result<Certificate, String> {
    Certificate::from_der(der).map_err(|error| error.to_string())
}
