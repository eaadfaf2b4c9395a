//! A PostgreSQL server for the tests of this binary: its own folder, its own free port, gone with the process.
//!
//! It is started by the first test that needs it. `scripts/temporary-postgres.sh` stops the server and deletes the folder when
//! its input ends: with this process, however that ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

struct Server {
    port: u16,
    /// Held so that the server's input stays open.
    _child: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// Returns the URL of an empty schema of its own, in a database that has PostGIS.
pub fn fresh_url() -> String {
    let server = SERVER.get_or_init(start);
    let name = format!("city_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let base = format!("postgresql://flyonce@127.0.0.1:{}/city", server.port);
    let mut client = postgres::Client::connect(&base, postgres::NoTls).unwrap();
    client.batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
    format!("{base}?options=-csearch_path%3D{name},public")
}

fn start() -> Server {
    let bin = installed();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/temporary-postgres.sh");
    let mut command = Command::new(script);
    command.args([bin.as_os_str(), port.to_string().as_ref(), "fsync=off".as_ref()]);
    // A group of its own: an interrupt of the tests must not reach the shell before it can clean up.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), port.to_string(), "PostgreSQL did not start: see the messages above");
    Server { port, _child: child }
}

/// Returns the folder of PostgreSQL's programs.
fn installed() -> PathBuf {
    let bin = PathBuf::from("/usr/lib/postgresql/15/bin");
    let postgis = PathBuf::from("/usr/share/postgresql/15/extension/postgis.control");
    assert!(
        bin.join("initdb").exists() && postgis.exists(),
        "PostgreSQL 15 with PostGIS is missing: scripts/setup.sh installs postgresql-15 and postgresql-15-postgis-3"
    );
    bin
}
