//! A client of the broker that docks are connected to.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use missions::link::dock::message::MOST_BYTES;
use missions::link::dock::{Channel, Incoming, Outgoing};
use rumqttc::{
    Client, ConnectReturnCode, ConnectionError, Event, MqttOptions, Packet, QoS, TlsConfiguration, Transport,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use uuid::Uuid;

use super::Address;

/// Messages that wait to be looked at; what comes above that is dropped and counted by who floods.
const WAITING: usize = 1_024;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Between two tries to reach the broker.
const AGAIN: Duration = Duration::from_secs(2);

/// How a broker lets us in.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Password of the account.
    pub password: Option<String>,
    /// Certificates of the authorities that the broker's certificate is checked by, PEM; needed with TLS.
    pub authorities: Option<PathBuf>,
}

/// Why a broker cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The certificates cannot be used.
    #[error("cannot use the certificates {}: {why}", path.display())]
    Certificates {
        /// Their file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Encrypted, but nothing to check the other side by.
    #[error("{0} is encrypted: give the certificates of its authorities with --mqtt-ca")]
    NoAuthorities(String),
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The client has ended.
    #[error("the connection to the broker has ended: {0}")]
    Ended(String),
}

/// What a broker brings.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The connection stands, perhaps again; what is subscribed to is asked for anew.
    Connected,
    /// A message.
    Message(Incoming),
    /// The connection broke or was refused; it is tried again.
    Lost(String),
}

/// A connection to a broker. It is made again whenever it breaks.
pub struct Broker {
    client: Client,
    heard: Receiver<Heard>,
    thread: Option<JoinHandle<()>>,
    subscribed: Vec<String>,
}

impl Broker {
    /// Connects. The first message of [`hear`](Self::hear) tells whether that went well.
    ///
    /// # Errors
    /// When certificates are missing or cannot be used.
    pub fn connect(address: &Address, access: &Access, role: &str) -> Result<Self, BrokerError> {
        let id = format!("{role}-{}-{:08x}", address.serial, Uuid::now_v7().as_u128() as u32);
        let mut options = MqttOptions::new(id, address.host.clone(), address.port);
        options.set_keep_alive(KEEP_ALIVE).set_clean_session(true);
        options.set_max_packet_size(MOST_BYTES + 1024, MOST_BYTES + 1024);
        if let Some(user) = &address.user {
            options.set_credentials(user.clone(), access.password.clone().unwrap_or_default());
        }
        if address.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls(
                address, access,
            )?))));
        }
        let (client, connection) = Client::new(options, 256);
        let (send, heard) = bounded(WAITING);
        let thread =
            std::thread::Builder::new().name("broker".into()).spawn(move || listen(connection, &send))?;
        Ok(Self { client, heard, thread: Some(thread), subscribed: Vec::new() })
    }

    /// Subscribes to what is not subscribed to yet.
    pub fn subscribe(&mut self, topics: &[String]) {
        for topic in topics {
            // What finds no room now is asked for the next time.
            if !self.subscribed.contains(topic) && self.client.try_subscribe(topic, QoS::AtLeastOnce).is_ok()
            {
                self.subscribed.push(topic.clone());
            }
        }
    }

    /// Sends messages. Properties go once at most, everything else once at least. What finds no room while the broker is away is dropped:
    /// both sides say again what is not answered.
    pub fn send(&self, messages: &[Outgoing]) {
        for message in messages {
            let often =
                if message.topic.channel == Channel::Osd { QoS::AtMostOnce } else { QoS::AtLeastOnce };
            if self.client.try_publish(message.topic.to_string(), often, false, message.bytes()).is_err() {
                tracing::debug!("no room for a message to {}", message.topic);
            }
        }
    }

    /// Waits for what comes, at most so long.
    ///
    /// # Errors
    /// [`BrokerError::Ended`].
    pub fn hear(&mut self, wait: Duration) -> Result<Option<Heard>, BrokerError> {
        match self.heard.recv_timeout(wait) {
            Ok(heard) => {
                // A clean session knows no subscriptions: all are asked for again.
                if heard == Heard::Connected {
                    let topics = std::mem::take(&mut self.subscribed);
                    self.subscribe(&topics);
                }
                Ok(Some(heard))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(BrokerError::Ended("its thread is gone".to_owned())),
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Fails only where there is no connection any more.
        drop(self.client.try_disconnect());
        let (_, gone) = bounded(1);
        self.heard = gone;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn tls(address: &Address, access: &Access) -> Result<ClientConfig, BrokerError> {
    let Some(path) = access.authorities.clone() else {
        return Err(BrokerError::NoAuthorities(address.to_string()));
    };
    let bad = |why: String| BrokerError::Certificates { path: path.clone(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&path).map_err(|error| bad(error.to_string()))? {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("there is none in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| bad(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn listen(mut connection: rumqttc::Connection, send: &Sender<Heard>) {
    for event in connection.iter() {
        let heard = match event {
            Ok(Event::Incoming(Packet::ConnAck(_))) => Heard::Connected,
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                Heard::Message(Incoming { topic: publish.topic, payload: publish.payload.to_vec() })
            }
            Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) => return,
            Ok(_) => continue,
            Err(error) => {
                let told = send.try_send(Heard::Lost(in_words(&error)));
                if matches!(told, Err(TrySendError::Disconnected(_))) {
                    return;
                }
                std::thread::sleep(AGAIN);
                continue;
            }
        };
        match send.try_send(heard) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                tracing::warn!("more messages than can be looked at: one is dropped")
            }
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

fn in_words(error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => "the broker does not let this account in: check its name and password".to_owned(),
        other => format!("cannot reach the broker: {other}"),
    }
}
