//! Arguments of `blur`, `verify`, `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `blur`.
#[derive(Debug, Clone, Args)]
pub struct BlurArgs {
    /// Pictures
    #[arg(required = true, value_name = "PICTURE")]
    pub pictures: Vec<PathBuf>,
    /// Folder to write into, under the same names
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Folder of evidence with the records of the pictures, which say where the finding is and how large things are
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
}

/// Arguments of `verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Folder of a store and its evidence, as of `serve`, `analyze` or `backup`; or the id of an incident or a task in --data
    #[arg(value_name = "DIR|ID")]
    pub target: PathBuf,
    /// Folder in which an id is looked up
    #[arg(long, value_name = "DIR", default_value = "out/serve")]
    pub data: PathBuf,
    /// Database, where it is not flyonce.sqlite in the folder: an SQLite file, or postgresql://user@host:port/database
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Folder of the evidence, where it is not `evidence` in the folder
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Certificates of the authorities whose time stamps count, PEM; without, signatures are checked, not who stands behind them
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,
    /// Print JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `backup`.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// Folder to write, which must not be there or be empty
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Data folder of the server, which may run meanwhile
    #[arg(long, value_name = "DIR", default_value = "out/serve")]
    pub data: PathBuf,
    /// Configuration, for its store
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Database itself, whatever the configuration says: an SQLite file, or postgresql://user@host:port/database
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
}

/// Arguments of `restore`.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// Folder that `backup` wrote
    pub backup: PathBuf,
    /// Data folder to make, which must not be there or be empty
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Empty database for a backup of PostgreSQL, as in postgresql://user@host:port/database
    #[arg(long, value_name = "URL")]
    pub db: Option<PathBuf>,
}
