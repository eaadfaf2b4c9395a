//! TLS of the server's own: certificate and key out of files, read anew when they change.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::address::party;
use crate::config::TlsEntry;

/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Clients that may be about it at once; the others wait.
const HANDSHAKES: usize = 4_096;
/// Of them those of one address.
const HANDSHAKES_EACH: usize = 32;
/// Pause after a connection could not be taken, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of its kind.
    #[error("cannot use {} for TLS: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// They do not belong together, or are of a kind that is not known.
    #[error("cannot use the certificate {} with the key {}: {reason}", certificate.display(), key.display())]
    Pair {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The certificate that a server shows.
pub struct Certificate {
    current: RwLock<Arc<ServerConfig>>,
    /// Where it comes from, and the digest of what was read there last, whether it could be used or not.
    read: Mutex<(TlsEntry, [u8; 32])>,
}

impl Certificate {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(entry: TlsEntry) -> Result<Self, TlsError> {
        let files = Files::read(&entry)?;
        let current = RwLock::new(Arc::new(files.config(&entry)?));
        Ok(Self { current, read: Mutex::new((entry, files.digest())) })
    }

    /// Reads them again, from other files if the configuration names others now; tells whether they changed. What cannot be used
    /// is told once, and changes nothing.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn reload(&self, entry: Option<&TlsEntry>) -> Result<bool, TlsError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entry {
            read.0.clone_from(entry);
        }
        let files = Files::read(&read.0)?;
        if std::mem::replace(&mut read.1, files.digest()) == files.digest() {
            return Ok(false);
        }
        let config = files.config(&read.0)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        Ok(true)
    }

    fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

/// What the files hold.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(entry: &TlsEntry) -> Result<Self, TlsError> {
        let read = |path: &PathBuf| {
            std::fs::read(path)
                .map_err(|error| TlsError::File { path: path.clone(), reason: error.to_string() })
        };
        Ok(Self { certificate: read(&entry.certificate)?, key: read(&entry.key)? })
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(&self.certificate)
            .chain_update([0])
            .chain_update(&self.key)
            .finalize()
            .into()
    }

    fn config(&self, entry: &TlsEntry) -> Result<ServerConfig, TlsError> {
        let unusable = |path: &PathBuf, reason: String| TlsError::File { path: path.clone(), reason };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| unusable(&entry.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(unusable(&entry.certificate, "it holds no certificate as PEM".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| unusable(&entry.key, "it holds no private key as PEM".to_owned()))?;
        let pair = |error: rustls::Error| TlsError::Pair {
            certificate: entry.certificate.clone(),
            key: entry.key.clone(),
            reason: error.to_string(),
        };
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(pair)?;
        let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Connections over which keys were agreed on; a client that takes its time holds up no other.
pub struct TlsListener {
    agreed: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: SocketAddr,
}

impl TlsListener {
    /// Takes connections of a listener from now on.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(listener: TcpListener, certificate: Arc<Certificate>) -> std::io::Result<Self> {
        let local = listener.local_addr()?;
        let (send, agreed) = mpsc::channel(HANDSHAKES);
        tokio::spawn(take(listener, certificate, send));
        Ok(Self { agreed, local })
    }
}

/// Connections by address over which no keys are agreed on yet: one address cannot take all places.
#[derive(Default)]
struct Pending(Mutex<HashMap<IpAddr, usize>>);

/// A place of an address, given back when it is dropped.
struct Own(Arc<Pending>, IpAddr);

impl Pending {
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Own> {
        let address = party(address);
        let mut all = self.all();
        let count = all.entry(address).or_default();
        (*count < HANDSHAKES_EACH).then(|| {
            *count += 1;
            Own(Arc::clone(self), address)
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let mut all = self.0.all();
        if let Some(count) = all.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.1);
            }
        }
    }
}

async fn take(
    listener: TcpListener,
    certificate: Arc<Certificate>,
    send: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    let pending = Arc::new(Pending::default());
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = send.closed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("cannot take a connection: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(own) = pending.enter(peer.ip()) else {
            tracing::debug!("{peer} has {HANDSHAKES_EACH} connections already that agreed on no keys");
            continue;
        };
        let (acceptor, send) = (certificate.acceptor(), send.clone());
        tokio::spawn(async move {
            // Small answers are not held back for more to come; where that cannot be had, they come later.
            drop(stream.set_nodelay(true));
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => drop(send.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!("{peer} agreed on no keys: {error}"),
                Err(_) => tracing::debug!("{peer} took too long to agree on keys"),
            }
            drop((place, own));
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.agreed.recv().await {
            Some(agreed) => agreed,
            // Nobody takes connections any more: the server is about to end.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.local)
    }
}
