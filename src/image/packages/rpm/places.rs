//! Where the database of rpm lies, and in which format.

use super::damage::Damage;
use super::{berkeley, ndb, sqlite};
use crate::image::there;
use crate::probes::io_gap;
use crate::root::{Contents, Root};
use crate::text::shown;
use sockdoctor_checks::facts::{Gap, Why};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Of most, of Fedora and SUSE, of images that are updated as a whole.
const PLACES: [&str; 3] = ["/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm"];

/// Hands every header of a database to a function.
pub(super) type Reader = fn(&dyn Contents, &mut dyn FnMut(&[u8])) -> Result<(), Damage>;

/// Its names, by format: of Fedora 33, RHEL 9 and Amazon Linux 2023 on; of SUSE; the Berkeley DB of
/// before (`path` of each backend in lib/backend of rpm).
const FORMATS: [(&str, Reader); 3] = [
    ("rpmdb.sqlite", sqlite::headers),
    ("Packages.db", ndb::headers),
    ("Packages", berkeley::headers),
];

/// Ends of names beside that of SQLite, whose files hold what is not in it yet, or is to be taken
/// back out.
const JOURNALS: [&str; 2] = ["-wal", "-journal"];

/// Whether the file at `path` is a database of rpm.
pub(in crate::image) fn is_database(path: &Path) -> bool {
    is_in_place(path, |name| FORMATS.iter().any(|(own, _)| name == *own))
}

/// Whether the file at `path` can say that such a database is not all there is.
pub(in crate::image) fn is_journal(path: &Path) -> bool {
    is_in_place(path, |name| {
        let mut ends = JOURNALS.iter().filter_map(|end| name.strip_suffix(end));
        ends.any(|own| FORMATS.iter().any(|(format, _)| own == *format))
    })
}

fn is_in_place(path: &Path, is: impl Fn(&str) -> bool) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let in_place = |parent| PLACES.iter().any(|place| Path::new(place) == parent);
    path.parent().is_some_and(in_place) && name.is_some_and(is)
}

/// The database, `None` when there is none.
///
/// # Errors
/// There may be one, and it cannot be told; or there are several; or it is not whole.
pub(super) fn find(root: &dyn Root) -> Result<Option<(PathBuf, Reader)>, Gap> {
    let mut found: Vec<(PathBuf, Reader)> = Vec::new();
    for place in PLACES {
        for (name, reader) in FORMATS {
            let path = Path::new(place).join(name);
            let real = there(&path, root.real_path(&path))?;
            let real = real.filter(|real| found.iter().all(|(other, _)| other != real));
            found.extend(real.map(|real| (real, reader)));
        }
    }
    if let [(first, _), (second, _), ..] = &found[..] {
        let second = shown(second);
        let why = format!("there is {second} too, and only rpm's configuration says which counts");
        return Err(Gap::new(shown(first), Why::Inconsistent(why)));
    }
    match found.pop() {
        Some((path, reader)) => hold_whole(root, &path).map(|()| Some((path, reader))),
        None => Ok(None),
    }
}

/// A journal that begins with a zero is over, to SQLite too (hasHotJournal, src/pager.c). That of
/// rpm is emptied whenever rpm ends as it should (sqlite_fini, lib/backend/sqlite.cc).
fn hold_whole(root: &dyn Root, database: &Path) -> Result<(), Gap> {
    for end in JOURNALS {
        let mut path = database.as_os_str().to_owned();
        path.push(end);
        let path = PathBuf::from(path);
        let is_over = match root.open(&path) {
            Ok(journal) if journal.size() == 0 => true,
            Ok(journal) => {
                let mut first = [0];
                let read = journal.read_at(0, &mut first);
                read.map_err(|error| io_gap(shown(&path), &error))?;
                first == [0]
            }
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(error) if error.kind() == ErrorKind::FileTooLarge => false,
            Err(error) => return Err(io_gap(shown(&path), &error)),
        };
        if !is_over {
            let journal = shown(&path);
            let why = format!("rpm did not end as it should: changes to it are in {journal}");
            return Err(Gap::new(shown(database), Why::Inconsistent(why)));
        }
    }
    Ok(())
}
