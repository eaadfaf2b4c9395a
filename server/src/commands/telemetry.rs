//! `flyonce telemetry FILE`: any telemetry as JSON lines.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;

use crate::cli::TelemetryArgs;

/// Prints one record a line on standard output; problems go to standard error.
///
/// # Errors
/// When the file cannot be read or holds no telemetry.
pub fn run(args: &TelemetryArgs) -> anyhow::Result<ExitCode> {
    let path = &args.file;
    let bytes = crate::wire::map(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.to_string_lossy();
    let reading = pipeline::telemetry::read_file_bytes(&name, &bytes)?;
    for problem in &reading.problems {
        tracing::warn!("{name}: {problem}");
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for record in &reading.records {
        if let Err(error) = serde_json::to_writer(&mut out, record).map_err(std::io::Error::from) {
            return end_of_pipe(error);
        }
        if let Err(error) = out.write_all(b"\n") {
            return end_of_pipe(error);
        }
    }
    out.flush().map_or_else(end_of_pipe, |()| Ok(ExitCode::SUCCESS))
}

/// A reader that has seen enough (`| head`) is no failure.
fn end_of_pipe(error: std::io::Error) -> anyhow::Result<ExitCode> {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Ok(ExitCode::SUCCESS);
    }
    Err(error).context("cannot write to standard output")
}
