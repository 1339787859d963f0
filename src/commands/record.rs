//! `--record FILE`: keeps the facts for another day.

use super::Mistake;
use crate::text::{reason, shown};
use sockdoctor_checks::facts::Facts;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that can be written when the facts are there.
#[derive(Debug)]
pub(super) struct Recording {
    target: PathBuf,
}

impl Recording {
    /// Makes sure that `path` can be written, before any other work is done.
    pub(super) fn begin(path: &Path) -> Result<Self, Mistake> {
        let target = target(path)?;
        // It is gone again at once: a signal during the probes would leave it behind.
        beside(&target).map_err(|error| cannot(path, &reason(&error)))?;
        Ok(Recording { target })
    }

    /// Writes the facts and gives the file its name.
    pub(super) fn finish(self, facts: &Facts) -> Result<(), Mistake> {
        let Recording { target } = self;
        let temporary = beside(&target).map_err(|error| cannot(&target, &reason(&error)))?;
        let mut writer = BufWriter::new(&temporary);
        serde_json::to_writer_pretty(&mut writer, facts)
            .map_err(std::io::Error::from)
            .and_then(|()| writer.write_all(b"\n"))
            .and_then(|()| writer.flush())
            .map_err(|error| cannot(&target, &reason(&error)))?;
        drop(writer);
        temporary
            .persist(&target)
            .map_err(|error| cannot(&target, &reason(&error.error)))?;
        Ok(())
    }
}

/// A file beside the one that was named, which takes its place when it is whole. Only its owner
/// can read it, because it names processes and sockets.
fn beside(target: &Path) -> std::io::Result<NamedTempFile> {
    let directory = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))
}

/// The file that a rename may replace. Through links, because a rename over /dev/stdout would
/// take that name away from the whole machine.
fn target(path: &Path) -> Result<PathBuf, Mistake> {
    if path == Path::new("-") {
        return Err(cannot(path, "the report goes to stdout"));
    }
    match fs::metadata(path) {
        Ok(there) if there.is_file() => {
            fs::canonicalize(path).map_err(|error| cannot(path, &reason(&error)))
        }
        Ok(_) => Err(cannot(path, "it is not a regular file")),
        Err(_) if path.file_name().is_none() => Err(cannot(path, "it is not the name of a file")),
        Err(_) => Ok(path.to_owned()),
    }
}

fn cannot(path: &Path, why: &str) -> Mistake {
    Mistake(format!("{}: cannot be written: {why}", shown(path)))
}
