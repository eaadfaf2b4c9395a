//! Where docks get their plans: one file under an address that nobody can guess.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use missions::link::dock::body::File;
use missions::link::dock::fingerprint;
use tiny_http::{Header, Method, Response, Server};
use uuid::Uuid;

/// Why no plan can be handed out.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The address is taken or not ours.
    #[error("cannot hand out the plan on {address}: {why}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        why: String,
    },
}

/// Hands out one file until it is dropped. Encryption is the business of a proxy before it; a public address of that goes into `public`.
pub struct FileServer {
    server: Arc<Server>,
    file: File,
    fetched: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl FileServer {
    /// Serves a plan. `public` is the address by which docks reach this server, such as `https://city/plans`; without one it is the address
    /// of this machine as the broker `towards` sees it.
    ///
    /// # Errors
    /// [`FilesError::Listen`].
    pub fn start(
        bytes: Vec<u8>,
        listen: SocketAddr,
        public: Option<&str>,
        towards: (&str, u16),
    ) -> Result<Self, FilesError> {
        let failed = |why: String| FilesError::Listen { address: listen.to_string(), why };
        let server = Arc::new(Server::http(listen).map_err(|error| failed(error.to_string()))?);
        let port = server.server_addr().to_ip().map_or(listen.port(), |address| address.port());
        let word = format!("{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple());
        let base = public.map_or_else(
            || format!("http://{}", seen_from(listen, towards, port)),
            |url| url.trim_end_matches('/').to_owned(),
        );
        let path = format!("/{word}/plan.kmz");
        let file = File { url: format!("{base}{path}"), fingerprint: fingerprint(&bytes) };
        let fetched = Arc::new(AtomicUsize::new(0));
        let (counter, shared) = (Arc::clone(&fetched), Arc::clone(&server));
        let named = std::thread::Builder::new().name("plans".into());
        let thread = named
            .spawn(move || serve(&shared, &bytes, &path, &counter))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { server, file, fetched, thread: Some(thread) })
    }

    /// Returns the file's address and fingerprint.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns how often it was fetched.
    pub fn fetched(&self) -> usize {
        self.fetched.load(Ordering::Relaxed)
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(server: &Server, bytes: &[u8], path: &str, fetched: &AtomicUsize) {
    for request in server.incoming_requests() {
        // A proxy may put something before the path.
        let fits = request.url().ends_with(path) && matches!(request.method(), Method::Get | Method::Head);
        let answered = if fits {
            fetched.fetch_add(1, Ordering::Relaxed);
            let kind = Header::from_bytes("Content-Type", "application/vnd.google-earth.kmz");
            let response = Response::from_data(bytes);
            request
                .respond(kind.map_or_else(|()| Response::from_data(bytes), |kind| response.with_header(kind)))
        } else {
            request.respond(Response::empty(404))
        };
        if let Err(error) = answered {
            tracing::debug!("a dock went away while it got its plan: {error}");
        }
    }
}

/// The address of this machine on the way to the broker, which docks can reach too.
fn seen_from(listen: SocketAddr, towards: (&str, u16), port: u16) -> SocketAddr {
    let own = if listen.ip().is_unspecified() { way_to(towards) } else { None };
    SocketAddr::new(own.unwrap_or_else(|| listen.ip()), port)
}

fn way_to(towards: (&str, u16)) -> Option<std::net::IpAddr> {
    let target = towards.to_socket_addrs().ok()?.next()?;
    let any: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    // Nothing is sent: this only asks which way it would go.
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_handed_out_under_its_own_address_only() {
        let listen = ([127, 0, 0, 1], 0).into();
        let files = FileServer::start(b"plan".to_vec(), listen, None, ("127.0.0.1", 1883)).unwrap();
        let got = ureq::get(&files.file().url).call().unwrap().body_mut().read_to_vec().unwrap();
        assert_eq!(
            (got.as_slice(), fingerprint(&got)),
            (b"plan".as_slice(), files.file().fingerprint.clone())
        );
        let other = files.file().url.replace("plan.kmz", "other");
        assert!(ureq::get(&other).call().is_err());
        assert_eq!(files.fetched(), 1);
    }
}
