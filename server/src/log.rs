//! The log, on standard error.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

/// Starts the log: warnings and worse, information with `-v`, every detail with `-vv`.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .with_max_level(level);
    subscriber.init();
}
