//! `flyonce users` and `flyonce tokens`: who may use a server.

use std::io::Read;
use std::process::ExitCode;

use anyhow::Context;

use crate::cli::{TokensArgs, UsersArgs};
use crate::output;
use crate::serve::accounts::Accounts;

/// Makes an account or gives one another password; the password is read from standard input.
///
/// # Errors
/// When the account makes no sense or the data folder cannot be used.
pub fn users(args: &UsersArgs) -> anyhow::Result<ExitCode> {
    let mut password = String::new();
    std::io::stdin().take(1_000).read_to_string(&mut password).context("cannot read the password")?;
    std::fs::create_dir_all(&args.data)?;
    let accounts = Accounts::open(&args.data)?;
    accounts.set_user(
        &args.name,
        password.trim_end_matches(['\r', '\n']),
        args.role,
        args.department.as_deref(),
    )?;
    tracing::info!(
        "{} may sign in; a running server learns of it at SIGHUP or when it starts again",
        args.name
    );
    Ok(ExitCode::SUCCESS)
}

/// Makes a token for a machine and prints it, this once.
///
/// # Errors
/// When the name is taken or the data folder cannot be used.
pub fn tokens(args: &TokensArgs) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&args.data)?;
    let accounts = Accounts::open(&args.data)?;
    let token = accounts.add_token(&args.name, &args.scope, args.department.as_deref())?;
    output::print(&token).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
