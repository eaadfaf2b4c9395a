//! Time stamps of an authority over the hash of a link.
//!
//! # References
//! RFC 3161 (2001), RFC 5652 (2009) sections 5.3 and 5.4.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use der::asn1::{Int, OctetString};
use der::{Decode, Encode};
use jiff::Timestamp;
use sha2::{Digest, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifier;
use store::{Link, Store, StoreError, TimeStamp};
use x509_cert::Certificate;
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

use super::signature::{SHA_256, SHA_384, SHA_512, check, is_issued_by};

const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// Longest wait for an authority.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Longest answer of an authority, bytes.
const MOST_BYTES: u64 = 1 << 20;
/// Certificates between that of the signer and an authority that is trusted, at most.
const MOST_BETWEEN: usize = 4;

/// Why there is no time stamp.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// The authority cannot be asked.
    #[error("cannot ask {authority} for a time stamp: {reason}")]
    Authority {
        /// Its address.
        authority: String,
        /// Why.
        reason: String,
    },
    /// Its answer is no time stamp over what was asked for.
    #[error("the answer of {authority} is no time stamp over the chain: {reason}")]
    Answer {
        /// Its address.
        authority: String,
        /// Why.
        reason: String,
    },
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a time stamp proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// The moment at which the authority saw the hash.
    pub time: Timestamp,
    /// Who signed.
    pub signer: String,
    /// The certificate leads to an authority that the caller trusts.
    pub trusted: bool,
}

/// What is asked, and of whom.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Address of the authority.
    pub authority: &'a str,
    /// Authorities of which one has to stand behind the answer; any when empty.
    pub trusted: &'a [Certificate],
    /// Drawn at random: an answer to another question does not count.
    pub nonce: u64,
    /// The time here.
    pub now: Timestamp,
}

/// Asks an authority for a time stamp over the last link, checks and keeps it; none when the last link is number `stamped`.
///
/// # Errors
/// [`StampError`].
pub fn stamp_head(
    store: &mut dyn Store,
    stamped: Option<u64>,
    question: &Ask<'_>,
) -> Result<Option<TimeStamp>, StampError> {
    let Some(last) = store.last_link()?.filter(|last| stamped != Some(last.number)) else { return Ok(None) };
    let token = ask(question, &last.hash)?;
    let authority = crate::config::masked(question.authority);
    let Link { number, hash, .. } = last;
    let stamp = TimeStamp { number, hash, at: question.now, authority, token: STANDARD.encode(token) };
    store.put_time_stamp(&stamp)?;
    Ok(Some(stamp))
}

fn ask(question: &Ask<'_>, hash: &str) -> Result<Vec<u8>, StampError> {
    let Ask { authority, trusted, nonce, .. } = *question;
    let shown = crate::config::masked(authority);
    let failed = |reason: String| StampError::Authority { authority: shown.clone(), reason };
    let unfit = |reason: String| StampError::Answer { authority: shown.clone(), reason };
    let query = request(hash, nonce).map_err(unfit)?;
    let config = ureq::config::Config::builder().timeout_global(Some(TIMEOUT)).max_redirects(0).build();
    let agent = ureq::Agent::new_with_config(config);
    let sent = agent.post(authority).header("content-type", "application/timestamp-query").send(&query[..]);
    let mut answer = sent.map_err(|error| failed(error.to_string()))?;
    let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
    let body = body.map_err(|error| failed(error.to_string()))?;
    token_of(&body, hash, nonce, trusted).map_err(unfit)
}

/// Returns a request for a time stamp over a hash, DER.
///
/// # Errors
/// When the hash is none.
pub fn request(hash: &str, nonce: u64) -> Result<Vec<u8>, String> {
    let text = |error: der::Error| error.to_string();
    let digest = hex::decode(hash).map_err(|error| error.to_string())?;
    let message_imprint = MessageImprint {
        hash_algorithm: AlgorithmIdentifier { oid: SHA_256, parameters: None },
        hashed_message: OctetString::new(digest).map_err(text)?,
    };
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint,
        req_policy: None,
        nonce: Some(number(nonce)?),
        cert_req: true,
        extensions: None,
    };
    request.to_der().map_err(text)
}

/// The nonce as the shortest positive integer.
fn number(nonce: u64) -> Result<Int, String> {
    let bytes = (nonce >> 1).to_be_bytes();
    let bytes = bytes.as_slice();
    let zeros = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
    let mut shortest = bytes.get(zeros..).unwrap_or(bytes).to_vec();
    if shortest.first().is_some_and(|byte| byte & 0x80 != 0) {
        shortest.insert(0, 0);
    }
    Int::new(&shortest).map_err(|error| error.to_string())
}

/// Returns the token out of an answer, once it fits the question and its own signature.
///
/// # Errors
/// When it does not.
pub fn token_of(answer: &[u8], hash: &str, nonce: u64, trusted: &[Certificate]) -> Result<Vec<u8>, String> {
    let answer = TimeStampResp::from_der(answer).map_err(|error| error.to_string())?;
    let status = answer.status.status as u8;
    let token = answer.time_stamp_token.ok_or_else(|| format!("it was refused with status {status}"))?;
    let token = token.to_der().map_err(|error| error.to_string())?;
    let (info, _) = open(&token)?;
    if info.nonce != Some(number(nonce)?) {
        return Err("it answers another question".to_owned());
    }
    verify(&token, hash, trusted)?;
    Ok(token)
}

/// Checks a token against a hash, and its signature; with authorities that are trusted, also that one of them stands behind it.
///
/// # Errors
/// Says what does not fit.
pub fn verify(token: &[u8], hash: &str, trusted: &[Certificate]) -> Result<Stamped, String> {
    let (info, signed) = open(token)?;
    let imprint = &info.message_imprint;
    if imprint.hash_algorithm.oid != SHA_256 || hex::encode(imprint.hashed_message.as_bytes()) != hash {
        return Err("it is over another hash".to_owned());
    }
    let signer = signed.signer_infos.0.iter().next().ok_or("nobody signed it")?;
    let held: Vec<Certificate> = certificates_of(&signed)?;
    let certificate =
        held.iter().find(|one| is_signer(one, signer)).ok_or("it lacks the certificate of its signer")?;
    check_signed(&signed, signer, certificate)?;
    if !may_stamp(certificate) {
        return Err("its signer's certificate is none for time stamps".to_owned());
    }
    let moment = info.gen_time.to_unix_duration();
    let validity = &certificate.tbs_certificate.validity;
    if moment < validity.not_before.to_unix_duration() || moment > validity.not_after.to_unix_duration() {
        return Err("its signer's certificate was not valid at its time".to_owned());
    }
    let stands = stands_behind(certificate, &held, trusted);
    if !trusted.is_empty() && !stands {
        return Err("none of the authorities that are trusted stands behind it".to_owned());
    }
    let seconds = i64::try_from(moment.as_secs()).map_err(|error| error.to_string())?;
    let time = Timestamp::from_second(seconds).map_err(|error| error.to_string())?;
    Ok(Stamped { time, signer: certificate.tbs_certificate.subject.to_string(), trusted: stands })
}

fn open(token: &[u8]) -> Result<(TstInfo, SignedData), String> {
    let text = |error: der::Error| error.to_string();
    let content = ContentInfo::from_der(token).map_err(text)?;
    if content.content_type != SIGNED_DATA {
        return Err("it is no signed data".to_owned());
    }
    let signed: SignedData = content.content.decode_as().map_err(text)?;
    if signed.encap_content_info.econtent_type != TST_INFO {
        return Err("what is signed is no time stamp".to_owned());
    }
    let info = TstInfo::from_der(&content_of(&signed)?).map_err(text)?;
    Ok((info, signed))
}

fn content_of(signed: &SignedData) -> Result<Vec<u8>, String> {
    let content = signed.encap_content_info.econtent.as_ref().ok_or("it holds no time")?;
    Ok(content.value().to_vec())
}

fn certificates_of(signed: &SignedData) -> Result<Vec<Certificate>, String> {
    let mut found = Vec::new();
    for one in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        if let cms::cert::CertificateChoices::Certificate(certificate) = one {
            let der = certificate.to_der().map_err(|error| error.to_string())?;
            found.push(super::signature::certificate(&der)?);
        }
    }
    Ok(found)
}

fn is_signer(certificate: &Certificate, signer: &SignerInfo) -> bool {
    match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            let own = &certificate.tbs_certificate;
            own.issuer == id.issuer && own.serial_number == id.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(_) => true,
    }
}

fn check_signed(signed: &SignedData, signer: &SignerInfo, certificate: &Certificate) -> Result<(), String> {
    let content = content_of(signed)?;
    let digest = match signer.digest_alg.oid {
        SHA_256 => Sha256::digest(&content).to_vec(),
        SHA_384 => Sha384::digest(&content).to_vec(),
        SHA_512 => Sha512::digest(&content).to_vec(),
        other => return Err(format!("its hash algorithm {other} is not known here")),
    };
    let attributes = signer.signed_attrs.as_ref().ok_or("it lacks what its signature is over")?;
    let value = |wanted: ObjectIdentifier| {
        let attribute = attributes.iter().find(|one| one.oid == wanted)?;
        attribute.values.iter().next()
    };
    let told = value(MESSAGE_DIGEST).and_then(|any| any.decode_as::<OctetString>().ok());
    if told.is_none_or(|told| told.as_bytes() != digest) {
        return Err("its time is not what was signed".to_owned());
    }
    let kind = value(CONTENT_TYPE).and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    if kind != Some(TST_INFO) {
        return Err("what was signed is no time stamp".to_owned());
    }
    let message = attributes.to_der().map_err(|error| error.to_string())?;
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let algorithm = signer.signature_algorithm.oid;
    check(key, algorithm, signer.digest_alg.oid, &message, signer.signature.as_bytes())
}

fn may_stamp(certificate: &Certificate) -> bool {
    use x509_cert::ext::pkix::ExtendedKeyUsage;
    let usage = certificate.tbs_certificate.get::<ExtendedKeyUsage>().ok().flatten();
    usage.is_some_and(|(_, usage)| usage.0.contains(&TIME_STAMPING))
}

/// Follows issuers up to an authority that is trusted.
fn stands_behind(certificate: &Certificate, held: &[Certificate], trusted: &[Certificate]) -> bool {
    let mut one = certificate;
    for _ in 0..=MOST_BETWEEN {
        if trusted.iter().any(|root| root == one || is_issued_by(one, root)) {
            return true;
        }
        let Some(issuer) = held.iter().find(|other| *other != one && is_issued_by(one, other)) else {
            return false;
        };
        one = issuer;
    }
    false
}
