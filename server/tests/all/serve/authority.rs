//! A time stamp authority on the loopback: OpenSSL behind a small HTTP server.

use std::path::{Path, PathBuf};
use std::process::Command;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tempfile::TempDir;

/// An authority with a root of its own.
pub struct Authority {
    pub folder: TempDir,
    pub url: String,
}

const CONFIG: &str = "
[req]
distinguished_name = name
prompt = no
[name]
CN = Sample city root
[tsa_name]
CN = Sample city time
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamp]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = here
[here]
dir = .
serial = ./serial
signer_cert = ./tsa.pem
certs = ./ca.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
";

/// Runs OpenSSL in a folder and returns what it printed.
pub fn openssl(folder: &Path, args: &[&str]) -> (bool, String) {
    let done = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    let text = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn made(folder: &Path, args: &[&str]) {
    let (fine, text) = openssl(folder, args);
    assert!(fine, "openssl {args:?}: {text}");
}

impl Authority {
    /// Makes the keys and listens. `curve` signs with ECDSA, else RSA.
    pub async fn start(curve: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::write(at.join("tsa.cnf"), CONFIG).unwrap();
        std::fs::write(at.join("serial"), "01\n").unwrap();
        let key = if curve {
            ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        } else {
            ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"]
        };
        let key = ["-newkey", key[0], key[1], key[2]];
        let root = [
            "req",
            "-x509",
            "-nodes",
            "-days",
            "30",
            "-config",
            "tsa.cnf",
            "-extensions",
            "root",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ];
        made(at, &[&root[..], &key].concat());
        let ask = [
            "req",
            "-new",
            "-nodes",
            "-config",
            "tsa.cnf",
            "-subj",
            "/CN=Sample city time",
            "-keyout",
            "tsa.key",
            "-out",
            "tsa.csr",
        ];
        made(at, &[&ask[..], &key].concat());
        let sign = "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile tsa.cnf -extensions stamp -out tsa.pem";
        made(at, &sign.split(' ').collect::<Vec<_>>());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/tsr", listener.local_addr().unwrap());
        let router = Router::new().route("/tsr", post(reply)).with_state(at.to_owned());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { folder, url }
    }

    /// File of the root's certificate.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

async fn reply(State(folder): State<PathBuf>, question: Bytes) -> Result<Vec<u8>, StatusCode> {
    let answer = tokio::task::spawn_blocking(move || {
        std::fs::write(folder.join("q.tsq"), &question).unwrap();
        made(&folder, &["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "a.tsr"]);
        std::fs::read(folder.join("a.tsr")).unwrap()
    });
    answer.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
