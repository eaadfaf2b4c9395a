//! `flyonce blur`: pictures as those see them who may not see originals, to hand them out.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::cli::BlurArgs;
use crate::output;
use crate::veil::{About, shown};

/// Writes the pictures under their own names.
///
/// # Errors
/// When a picture cannot be read or written, or two have the same name.
pub fn run(args: &BlurArgs) -> anyhow::Result<ExitCode> {
    let records = args.evidence.as_deref().map(records).transpose()?.unwrap_or_default();
    let mut found = 0;
    for picture in &args.pictures {
        let Some(name) = picture.file_name() else { bail!("{} is no file", picture.display()) };
        let (to, file) = (args.out.join(name), name.to_string_lossy());
        if to.exists() {
            bail!("{} is there already", to.display());
        }
        let about = records.iter().find_map(|record| About::read(record, &file));
        found += usize::from(about.is_some());
        let folder = picture.parent().unwrap_or(Path::new("."));
        let coarse = shown(folder, &file, about.as_ref())
            .with_context(|| format!("cannot blur {}", picture.display()))?;
        output::write_whole(&to, &coarse).with_context(|| format!("cannot write {}", to.display()))?;
    }
    let text = format!(
        "{}: {} pictures, {found} with a record of their finding",
        args.out.display(),
        args.pictures.len()
    );
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// The records in a folder of evidence.
fn records(evidence: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let failed = || format!("cannot read {}", evidence.display());
    let mut all = Vec::new();
    for entry in std::fs::read_dir(evidence).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            all.push(std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(all)
}
