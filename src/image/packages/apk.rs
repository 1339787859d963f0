//! The record of apk: one file, in which every package names its directories and files.

use super::{Search, field, lines, there};
use crate::root::Root;
use sockdoctor_checks::facts::{Gap, PackageManager};
use std::path::Path;

/// The second since apk 3 on a merged /usr.
const PLACES: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

/// True when there is a record of apk.
///
/// # Errors
/// One that is there and cannot be read.
pub(super) fn search(root: &dyn Root, search: &mut Search) -> Result<bool, Gap> {
    for path in PLACES.map(Path::new) {
        if let Some(bytes) = there(path, root.read(path))? {
            read(search, &bytes);
            return Ok(true);
        }
    }
    Ok(false)
}

/// `P:` and `V:` are the package, `F:` is a directory of it and `R:` a file in that.
fn read(search: &mut Search, installed: &[u8]) {
    let (mut package, mut version, mut directory) = (String::new(), None, &b""[..]);
    for line in lines(installed) {
        if let Some(name) = field(line, "P:") {
            (package, version) = (name, None);
        } else if let Some(of) = field(line, "V:") {
            version = Some(of);
        } else if let Some(path) = line.strip_prefix(b"F:") {
            directory = path;
        } else if let Some(name) = line.strip_prefix(b"R:") {
            let path = [b"/", directory, b"/", name].concat();
            search.claim(&path, PackageManager::Apk, &package, version.as_deref());
        }
    }
}
