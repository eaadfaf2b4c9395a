//! A connection to a vehicle: messages in by a thread, messages out.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mavlink::error::MessageReadError;
use mavlink::{MavHeader, MavlinkReader, MavlinkVersion};
use missions::link::mavlink::{MavMessage, Peer};

use crate::Address;

/// Messages that wait to be looked at; more are dropped, as on any link.
const WAITING: usize = 1024;
/// The largest datagram that is read, bytes.
const DATAGRAM: usize = 4096;
/// How long a TCP connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It cannot be opened.
    #[error("cannot open {address}: {source}")]
    Open {
        /// What.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// It broke.
    #[error("the link to {address} broke: {source}")]
    Broken {
        /// What.
        address: String,
        /// Why.
        source: std::io::Error,
    },
}

/// An open connection.
pub struct Wire {
    address: String,
    us: Peer,
    sequence: u8,
    out: Out,
    come: Receiver<(Peer, MavMessage)>,
}

enum Out {
    /// The socket, and who was heard last or is spoken to.
    Udp(UdpSocket, Arc<Mutex<Option<SocketAddr>>>),
    Stream(Box<dyn Write + Send>),
}

impl Wire {
    /// Opens a connection and begins to read.
    ///
    /// # Errors
    /// When the address cannot be opened.
    pub fn open(address: &Address, us: Peer) -> Result<Self, LinkError> {
        let shown = address.to_string();
        let opened = Self::opened(address, us);
        opened.map_err(|source| LinkError::Open { address: shown, source })
    }

    fn opened(address: &Address, us: Peer) -> std::io::Result<Self> {
        let (told, come) = sync_channel(WAITING);
        let out = match address {
            Address::UdpListen(place) => udp(UdpSocket::bind(place)?, None, told)?,
            Address::UdpSend(place) => {
                use std::net::ToSocketAddrs;
                let to = place.to_socket_addrs()?.next().ok_or_else(|| {
                    std::io::Error::new(std::io::ErrorKind::NotFound, format!("no address of {place}"))
                })?;
                let any = if to.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
                udp(UdpSocket::bind(any)?, Some(to), told)?
            }
            Address::Tcp(place) => {
                use std::net::ToSocketAddrs;
                let mut last =
                    std::io::Error::new(std::io::ErrorKind::NotFound, format!("no address of {place}"));
                let mut open = None;
                for to in place.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&to, CONNECT) {
                        Ok(stream) => {
                            open = Some(stream);
                            break;
                        }
                        Err(error) => last = error,
                    }
                }
                let stream = open.ok_or(last)?;
                stream.set_nodelay(true)?;
                read_stream(stream.try_clone()?, told);
                Out::Stream(Box::new(stream))
            }
            Address::Serial(path, baud) => {
                let mut port = serial2::SerialPort::open(path, *baud)?;
                port.set_read_timeout(Duration::from_secs(3600))?;
                read_stream(port.try_clone()?, told);
                Out::Stream(Box::new(port))
            }
        };
        Ok(Self { address: address.to_string(), us, sequence: 0, out, come })
    }

    /// Returns the next message that comes within a time.
    pub fn receive(&self, within: Duration) -> Option<(Peer, MavMessage)> {
        match self.come.recv_timeout(within) {
            Ok(found) => Some(found),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                // Nothing will come any more; whoever asks goes on to see the silence.
                std::thread::sleep(within);
                None
            }
        }
    }

    /// Sends a message; before a vehicle that sends first was heard, nothing goes out.
    ///
    /// # Errors
    /// When a stream broke. A datagram that cannot be sent is a lost one.
    pub fn send(&mut self, message: &MavMessage) -> Result<(), LinkError> {
        let bytes = encoded(self.us, self.sequence, message);
        self.sequence = self.sequence.wrapping_add(1);
        match &mut self.out {
            Out::Udp(socket, peer) => {
                let to = *peer.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(to) = to {
                    // The other side may not be there yet, which UDP tells as an error.
                    drop(socket.send_to(&bytes, to));
                }
                Ok(())
            }
            Out::Stream(stream) => stream
                .write_all(&bytes)
                .map_err(|source| LinkError::Broken { address: self.address.clone(), source }),
        }
    }
}

/// Returns the bytes of a message.
pub(crate) fn encoded(from: Peer, sequence: u8, message: &MavMessage) -> Vec<u8> {
    let header = MavHeader { system_id: from.system.into(), component_id: from.component, sequence };
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    drop(mavlink::write_versioned_msg(&mut bytes, MavlinkVersion::V2, header, message));
    bytes
}

/// Returns the messages of a datagram; what is none is passed over.
pub(crate) fn decoded(bytes: &[u8]) -> Vec<(Peer, MavMessage)> {
    let mut reader = MavlinkReader::with_capacity(bytes.len().max(300), bytes);
    let mut found = Vec::new();
    loop {
        match reader.read_any_message::<MavMessage>() {
            Ok((header, message)) => found.extend(peer(header).map(|peer| (peer, message))),
            Err(MessageReadError::Parse(_)) => {}
            Err(_) => return found,
        }
    }
}

/// Who sent it; none with a number above 255, which no field for an address holds.
fn peer(header: MavHeader) -> Option<Peer> {
    let system = u8::try_from(header.system_id).ok()?;
    Some(Peer { system, component: header.component_id })
}

fn udp(
    socket: UdpSocket,
    to: Option<SocketAddr>,
    told: SyncSender<(Peer, MavMessage)>,
) -> std::io::Result<Out> {
    let reader = socket.try_clone()?;
    let peer = Arc::new(Mutex::new(to));
    let heard = Arc::clone(&peer);
    std::thread::spawn(move || {
        let mut bytes = [0; DATAGRAM];
        loop {
            // A port that is closed over there is told as an error of the next reading.
            let Ok((length, from)) = reader.recv_from(&mut bytes) else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let found = decoded(&bytes[..length]);
            if !found.is_empty() && to.is_none() {
                *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(from);
            }
            for message in found {
                if let Err(std::sync::mpsc::TrySendError::Disconnected(_)) = told.try_send(message) {
                    return;
                }
            }
        }
    });
    Ok(Out::Udp(socket, peer))
}

fn read_stream(stream: impl Read + Send + 'static, told: SyncSender<(Peer, MavMessage)>) {
    std::thread::spawn(move || {
        let mut reader = MavlinkReader::new(stream);
        loop {
            match reader.read_any_message::<MavMessage>() {
                Ok((header, message)) => {
                    let Some(peer) = peer(header) else { continue };
                    let sent = told.try_send((peer, message));
                    if let Err(std::sync::mpsc::TrySendError::Disconnected(_)) = sent {
                        return;
                    }
                }
                Err(MessageReadError::Parse(_)) => {}
                Err(_) => return,
            }
        }
    });
}
