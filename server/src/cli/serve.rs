//! Arguments of `serve`, `users` and `tokens`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::serve::accounts::{Role, Scope};

/// Arguments of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Folder of the store, the evidence and the accounts; out/serve when not given
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Every task waits for an analyst before it is sent to its department
    #[arg(long)]
    pub review: bool,
}

/// Arguments of `users`.
#[derive(Debug, Clone, Args)]
pub struct UsersArgs {
    /// Name; the password is read from standard input
    pub name: String,
    /// What the person does
    #[arg(long, value_enum)]
    pub role: Role,
    /// Department of the role department
    #[arg(long, value_name = "ID")]
    pub department: Option<String>,
    /// Data folder of the server
    #[arg(long, value_name = "DIR", default_value = "out/serve")]
    pub data: PathBuf,
}

/// Arguments of `tokens`.
#[derive(Debug, Clone, Args)]
pub struct TokensArgs {
    /// Name of the machine
    pub name: String,
    /// What it may do; may be given several times
    #[arg(long, value_enum, required = true)]
    pub scope: Vec<Scope>,
    /// Only the tasks of this department
    #[arg(long, value_name = "ID")]
    pub department: Option<String>,
    /// Data folder of the server
    #[arg(long, value_name = "DIR", default_value = "out/serve")]
    pub data: PathBuf,
}
