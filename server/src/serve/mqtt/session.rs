//! One connection to a broker. What breaks it ends it: the next one begins where acknowledgements ended.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnAck, LastWill, PubAckReason, PublishProperties};
use rumqttc::v5::{Client, Connection, Event, Incoming, MqttOptions, RecvTimeoutError};
use rumqttc::{Outgoing, TlsConfiguration, Transport};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::topic::Message;
use crate::config::MqttEntry;

/// Messages on their way at most.
pub const AHEAD: usize = 64;
/// Longest time for a connection, and for the acknowledgements of what was sent.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time after which a quiet connection is asked whether it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Authorities of a Debian system.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Bytes of a packet beside topic and body.
const ENVELOPE: usize = 512;
/// Media type of a CloudEvent in structured mode.
const MEDIA: &str = "application/cloudevents+json; charset=utf-8";

/// What a broker made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// It has it.
    Taken,
    /// It will not take it, however often it is sent.
    Refused(String),
    /// It may take it later.
    NotNow(String),
    /// The connection ended before it said anything.
    Unknown,
}

/// Why a broker cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A file of its configuration cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Its address is none.
    #[error("{0:?} is no address of a broker")]
    Address(String),
    /// The connection failed or broke.
    #[error("{0}")]
    Broken(String),
}

/// How to connect.
#[derive(Clone)]
pub struct Access {
    options: MqttOptions,
    status: String,
}

impl Access {
    /// Reads password and certificates of a broker.
    ///
    /// # Errors
    /// [`SessionError::File`], [`SessionError::Address`].
    pub fn of(entry: &MqttEntry) -> Result<Self, SessionError> {
        let broker = entry.broker().ok_or_else(|| SessionError::Address(entry.url.clone()))?;
        let mut options = MqttOptions::new(format!("flyonce-{}", entry.id), broker.host, broker.port);
        if let (Some(user), Some(path)) = (&entry.user, &entry.password_file) {
            let password = std::fs::read_to_string(path).map_err(|error| unusable(path, &error))?;
            options.set_credentials(user, password.trim_end_matches(['\r', '\n']));
        }
        if broker.tls {
            let tls = tls(entry.ca_file.as_deref().unwrap_or(Path::new(SYSTEM_CA)))?;
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls))));
        }
        let status = format!("{}/v1/status", entry.prefix);
        options.set_last_will(LastWill::new(&status, "offline", QoS::AtLeastOnce, true, None));
        options.set_clean_start(true).set_keep_alive(KEEP_ALIVE);
        options.set_connection_timeout(TIMEOUT.as_secs());
        Ok(Self { options, status })
    }
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> SessionError {
    SessionError::File { path: path.to_owned(), reason: error.to_string() }
}

fn tls(ca: &Path) -> Result<ClientConfig, SessionError> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(ca).map_err(|error| unusable(ca, &error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(ca, &error))?;
        // One that is not understood is one authority less, not a reason to trust none.
        if let Err(error) = roots.add(certificate) {
            tracing::debug!("{}: {error}", ca.display());
        }
    }
    if roots.is_empty() {
        return Err(unusable(ca, &"it holds no certificate"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| unusable(ca, &error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A connection that the broker has accepted.
pub struct Session {
    client: Client,
    connection: Connection,
    largest: usize,
}

impl Session {
    /// Connects, and tells at the topic of the server's state that it is there.
    ///
    /// # Errors
    /// [`SessionError::Broken`].
    pub fn connect(access: &Access) -> Result<Self, SessionError> {
        let (client, mut connection) = Client::new(access.options.clone(), AHEAD + 1);
        let until = Instant::now() + TIMEOUT;
        loop {
            if let Event::Incoming(Incoming::ConnAck(answer)) = next(&mut connection, until)? {
                let largest = accepted(&answer)?;
                let told = client.try_publish(&access.status, QoS::AtMostOnce, true, "online");
                told.map_err(|error| SessionError::Broken(error.to_string()))?;
                return Ok(Self { client, connection, largest });
            }
        }
    }

    /// Publishes messages in order and returns what became of each; [`Given::Unknown`] tells that the connection is of no use any more.
    pub fn publish(&mut self, messages: &[Message]) -> Vec<Given> {
        let mut all = Vec::with_capacity(messages.len());
        for part in messages.chunks(AHEAD) {
            all.extend(self.publish_some(part));
            if all.iter().any(|given| *given != Given::Taken) {
                break;
            }
        }
        all.resize(messages.len(), Given::Unknown);
        all
    }

    fn publish_some(&mut self, messages: &[Message]) -> Vec<Given> {
        let mut given = vec![Given::Unknown; messages.len()];
        for (i, message) in messages.iter().enumerate() {
            let size = message.topic.len() + message.body.len() + ENVELOPE;
            if size > self.largest {
                let text = format!("{size} bytes are more than the {} that the broker takes", self.largest);
                given[i] = Given::Refused(text);
                return self.acknowledged(i, given);
            }
            let properties = PublishProperties {
                payload_format_indicator: Some(1),
                content_type: Some(MEDIA.to_owned()),
                user_properties: message.attributes.clone(),
                ..PublishProperties::default()
            };
            let body = message.body.as_bytes().to_vec();
            let topic = message.topic.as_str();
            let queued =
                self.client.try_publish_with_properties(topic, QoS::AtLeastOnce, false, body, properties);
            if queued.is_err() {
                given[i] = Given::Refused(format!("{topic:?} is no topic"));
                return self.acknowledged(i, given);
            }
        }
        self.acknowledged(messages.len(), given)
    }

    /// Waits for the acknowledgements of the first `count` messages.
    fn acknowledged(&mut self, count: usize, mut given: Vec<Given>) -> Vec<Given> {
        let until = Instant::now() + TIMEOUT;
        let (mut on_the_way, mut sent, mut answers) = (HashMap::new(), 0, 0);
        while answers < count {
            match next(&mut self.connection, until) {
                // Number 0 is that of a message without acknowledgement.
                Ok(Event::Outgoing(Outgoing::Publish(number))) if number != 0 => {
                    on_the_way.insert(number, sent);
                    sent += 1;
                }
                Ok(Event::Incoming(Incoming::PubAck(answer))) => {
                    if let Some(slot) = on_the_way.remove(&answer.pkid).and_then(|at| given.get_mut(at)) {
                        *slot = meant(answer.reason);
                        answers += 1;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!("{error}");
                    break;
                }
            }
        }
        given
    }

    /// Keeps the connection alive for a while.
    ///
    /// # Errors
    /// [`SessionError::Broken`].
    pub fn idle(&mut self, wait: Duration) -> Result<(), SessionError> {
        match self.connection.recv_timeout(wait) {
            Ok(Ok(_)) | Err(RecvTimeoutError::Timeout) => Ok(()),
            Ok(Err(error)) => Err(SessionError::Broken(error.to_string())),
            Err(RecvTimeoutError::Disconnected) => Err(SessionError::Broken("it has ended".to_owned())),
        }
    }
}

fn next(connection: &mut Connection, until: Instant) -> Result<Event, SessionError> {
    let left = until.saturating_duration_since(Instant::now());
    match connection.recv_timeout(left) {
        Ok(Ok(event)) => Ok(event),
        Ok(Err(error)) => Err(SessionError::Broken(error.to_string())),
        Err(_) => Err(SessionError::Broken(format!("no answer within {} s", TIMEOUT.as_secs()))),
    }
}

/// Returns the largest packet that a broker takes.
fn accepted(answer: &ConnAck) -> Result<usize, SessionError> {
    let Some(properties) = &answer.properties else { return Ok(usize::MAX) };
    if properties.max_qos == Some(0) {
        return Err(SessionError::Broken("the broker acknowledges nothing (QoS 0 only)".to_owned()));
    }
    Ok(properties.max_packet_size.map_or(usize::MAX, |bytes| bytes as usize))
}

/// Returns what the reason of an acknowledgement means.
///
/// # References
/// MQTT 5.0 (OASIS, 2019), table 3-4.
fn meant(reason: PubAckReason) -> Given {
    match reason {
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => Given::Taken,
        PubAckReason::TopicNameInvalid | PubAckReason::PayloadFormatInvalid => {
            Given::Refused(format!("the broker refuses it: {reason:?}"))
        }
        _ => Given::NotNow(format!("the broker does not take it: {reason:?}")),
    }
}
