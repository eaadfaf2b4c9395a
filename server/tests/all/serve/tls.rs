//! TLS of the server's own, with OpenSSL as the client.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::serve::ListenerExt;
use server::config::{ServeEntry, TlsEntry};
use server::serve::door::tls::{Certificate, TlsListener};
use tempfile::TempDir;

use super::{Served, served};

/// Makes a key and a certificate for this host, signed by itself.
pub fn issue(folder: &Path, name: &str) -> TlsEntry {
    let entry = TlsEntry { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&entry.key)
        .arg("-out")
        .arg(&entry.certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    entry
}

/// Sends a request by TLS to who shows a trusted certificate for this host; returns all that was said, certificate and answer.
pub fn ask(address: SocketAddr, trusted: &Path, more: &[&str], request: &str) -> (bool, String) {
    let mut client = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &address.to_string(),
            "-verify_return_error",
            "-verify_ip",
            "127.0.0.1",
        ])
        .args(["-ign_eof", "-CAfile"])
        .arg(trusted)
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A client that was refused reads no request.
    drop(client.stdin.take().unwrap().write_all(request.as_bytes()));
    let done = client.wait_with_output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&said).into_owned())
}

pub const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: city\r\nConnection: close\r\n\r\n";

struct Listening {
    served: Served,
    certificate: Arc<Certificate>,
    address: SocketAddr,
    folder: TempDir,
}

impl Listening {
    async fn start() -> Self {
        let (served, folder) = (served(1), tempfile::tempdir().unwrap());
        let entry = issue(folder.path(), "one");
        let certificate = Arc::new(Certificate::load(entry.clone()).unwrap());
        served.app.door.apply(ServeEntry { tls: Some(entry), ..ServeEntry::default() }).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = TlsListener::start(listener, Arc::clone(&certificate)).unwrap().tap_io(|_| {});
        let service = served.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { served, certificate, address, folder }
    }

    async fn ask(&self, more: &'static [&'static str], request: &str) -> (bool, String) {
        let (address, trusted) = (self.address, self.folder.path().join("cert.pem"));
        let request = request.to_owned();
        tokio::task::spawn_blocking(move || ask(address, &trusted, more, &request)).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_trusts_the_certificate_and_cookies_stay_with_tls() {
    let server = Listening::start().await;
    // Somebody who connects and says nothing holds up no one.
    let _silent = TcpStream::connect(server.address).unwrap();
    for version in [&["-tls1_2"], &["-tls1_3"]] {
        let (trusted, said) = server.ask(version, HEALTH).await;
        assert!(trusted && said.contains("200 OK") && said.contains("CN = one"), "{said}");
    }
    let (agreed, said) = server.ask(&["-tls1_1"], HEALTH).await;
    assert!(!agreed && !said.contains("200 OK"), "{said}");
    let now = server::clock::now();
    let word = server.served.app.accounts.one_time_link(server::serve::accounts::Role::Admin, now).unwrap();
    let link = HEALTH.replace("/healthz", &format!("/sign-in?token={word}"));
    let (_, said) = server.ask(&[], &link).await;
    assert!(said.contains("303 See Other") && said.contains("SameSite=Strict; Secure"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_changes_is_shown_and_one_that_is_broken_is_not() {
    let server = Listening::start().await;
    assert!(!server.certificate.reload(None).unwrap(), "nothing changed yet");
    let old: PathBuf = server.folder.path().join("old.pem");
    std::fs::copy(server.folder.path().join("cert.pem"), &old).unwrap();
    let entry = issue(server.folder.path(), "two");
    let key = std::fs::read(&entry.key).unwrap();
    std::fs::write(&entry.key, "no key").unwrap();
    let refused = server.certificate.reload(None).unwrap_err().to_string();
    assert!(refused.contains("key.pem") && refused.contains("no private key"), "{refused}");
    let address = server.address;
    let asked = tokio::task::spawn_blocking(move || ask(address, &old, &[], HEALTH)).await.unwrap();
    assert!(asked.0 && asked.1.contains("CN = one"), "{}", asked.1);
    std::fs::write(&entry.key, key).unwrap();
    assert!(server.certificate.reload(None).unwrap());
    let (trusted, said) = server.ask(&[], HEALTH).await;
    assert!(trusted && said.contains("CN = two") && said.contains("200 OK"), "{said}");
    let other = tempfile::tempdir().unwrap();
    let foreign = TlsEntry { certificate: issue(other.path(), "three").certificate, key: entry.key };
    let refused = server.certificate.reload(Some(&foreign)).unwrap_err().to_string();
    assert!(refused.contains("cert.pem") && refused.contains("key.pem"), "{refused}");
}
