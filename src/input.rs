//! Files that the user names on the command line; `-` is stdin.

use crate::text::reason;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads a file of at most so many MiB: a device or a pipe may have no end.
///
/// # Errors
/// Why not, to be read after the name of the file.
pub(crate) fn read(path: &Path, most_mib: u64) -> Result<Vec<u8>, String> {
    let most = most_mib << 20;
    let stream: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(File::open(path).map_err(|error| reason(&error))?),
    };
    let mut bytes = Vec::new();
    stream
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| reason(&error))?;
    if bytes.len() as u64 > most {
        return Err(format!("larger than {most_mib} MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_refused() {
        let why = read(Path::new("/dev/zero"), 1);
        assert_eq!(why, Err("larger than 1 MiB".to_owned()));
    }
}
