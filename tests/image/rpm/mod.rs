//! Which files are of which package, in databases that rpm made: as rpm itself says it, and never
//! anything else when they are damaged.

mod damage;
mod made;

use crate::command::{document, healthy};
use crate::inventory::{lines, packages, told_alike};
use crate::scene::Scene;
use crate::support::folder;
use made::made;
use serde_json::Value;
use sockdoctor::image::owners;
use sockdoctor_checks::facts::{Fact, OwnedFile, PackageManager};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use tempfile::TempDir;

const MODULE: &str = "/usr/lib/modules/6.1.0-5.x/kernel/net/ipv4/tcp_diag.ko";
const OF_THE_KERNEL: &str = " kernel-core 1:6.1.0-5.x";

/// A folder with these files, where the last names are those of databases.
fn image(files: &[(&str, &[u8])]) -> TempDir {
    let image = folder(&[]);
    for (path, bytes) in files {
        let path = image.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }
    image
}

/// The words with ALL in place of the number of pages, which differs from build to build.
fn without_count(words: &str, database: &[u8]) -> String {
    let pages = database.len() / 4096;
    words.replace(&format!(" {pages} pages"), " ALL pages")
}

fn missing(packages: &Fact<Vec<OwnedFile>>) -> String {
    packages.known().expect_err("missing").to_string()
}

#[test]
fn every_format_names_the_packages_that_rpm_names() {
    let path = |line: &String| PathBuf::from(line.split(' ').next().expect("a path"));
    let mut asked: Vec<PathBuf> = made().files.iter().map(path).collect();
    // Of a package that was removed, before it was moved, not installed, and never there.
    asked.extend(
        [
            "/opt/gone/a-file-7",
            "/opt/moved/file",
            "/usr/share/doc/kernel/README",
            "/a",
        ]
        .map(PathBuf::from),
    );
    for (name, database) in made().all() {
        let image = image(&[(&format!("var/lib/rpm/{name}"), database)]);
        let packages = told_alike(&image, |root| owners(root, &asked));
        assert_eq!(packages.gaps(), [], "{name}");
        let lines = lines(&packages);
        let other = lines
            .iter()
            .zip(&made().files)
            .find(|(said, by_rpm)| said != by_rpm);
        assert_eq!(other, None, "{name}");
        assert_eq!(lines.len(), made().files.len(), "{name}");
        let owned = packages.known().expect("known");
        assert_eq!(owned[0].package.manager, PackageManager::Rpm);
    }
    assert!(made().files.contains(&format!("{MODULE}{OF_THE_KERNEL}")));
    assert!(
        made()
            .files
            .contains(&"/srv/moved/file moved 1:6.1.0-5.x".to_owned())
    );
    assert!(made().files.len() > 1600);
}

#[test]
fn the_place_that_a_link_leads_to_counts_once() {
    let image = image(&[("usr/lib/sysimage/rpm/rpmdb.sqlite", &made().sqlite)]);
    fs::create_dir_all(image.path().join("var/lib")).expect("folders");
    let link = image.path().join("var/lib/rpm");
    symlink("../../usr/lib/sysimage/rpm", link).expect("a link");
    let packages = packages(&image, &[MODULE]);
    assert_eq!(lines(&packages), [format!("{MODULE}{OF_THE_KERNEL}")]);
}

#[test]
fn files_are_found_by_their_old_names_where_usr_is_merged() {
    let module = MODULE.strip_prefix("/usr").expect("in /usr");
    let image = image(&[
        ("var/lib/rpm/rpmdb.sqlite", &made().sqlite),
        (&MODULE[1..], b""),
    ]);
    symlink("usr/lib", image.path().join("lib")).expect("a link");
    let packages = packages(&image, &[module]);
    assert_eq!(lines(&packages), [format!("{module}{OF_THE_KERNEL}")]);
}

#[test]
fn two_databases_are_one_too_many() {
    for second in ["usr/share/rpm/rpmdb.sqlite", "var/lib/rpm/Packages"] {
        let image = image(&[
            ("var/lib/rpm/rpmdb.sqlite", &made().sqlite),
            (second, &made().berkeley),
        ]);
        let expected = format!(
            "/var/lib/rpm/rpmdb.sqlite: inconsistent: there is /{second} too, and only rpm's \
             configuration says which counts"
        );
        assert_eq!(missing(&packages(&image, &[MODULE])), expected);
    }
}

#[test]
fn changes_that_are_not_in_the_database_yet_are_a_gap() {
    let database = ("var/lib/rpm/rpmdb.sqlite", &made().sqlite[..]);
    let with = |journal: &str, bytes: &[u8]| {
        let journal = format!("var/lib/rpm/rpmdb.sqlite-{journal}");
        packages(&image(&[database, (&journal, bytes)]), &[MODULE])
    };
    for (journal, bytes) in [
        ("wal", &b"7\x7f\x06\x82"[..]),
        ("journal", b"\xd9\xd5\x05\xf9"),
    ] {
        let expected = format!(
            "/var/lib/rpm/rpmdb.sqlite: inconsistent: rpm did not end as it should: changes to it \
             are in /var/lib/rpm/rpmdb.sqlite-{journal}"
        );
        assert_eq!(missing(&with(journal, bytes)), expected);
    }
    for (journal, bytes) in [("wal", &b""[..]), ("journal", b"\0\0\0\0")] {
        assert_eq!(lines(&with(journal, bytes)).len(), 1);
    }
}

#[test]
fn what_is_no_database_is_a_gap() {
    let said = |name: &str, bytes: &[u8]| {
        let name = format!("var/lib/rpm/{name}");
        missing(&packages(&image(&[(&name, bytes)]), &[MODULE]))
    };
    insta::assert_snapshot!(
        [
            said("rpmdb.sqlite", b""),
            said("rpmdb.sqlite", &[b'x'; 5000]),
            said("Packages.db", &[b'x'; 5000]),
            said("Packages", &[b'x'; 5000]),
            without_count(&said("Packages", &made().berkeley[..5000]), &made().berkeley),
        ]
        .join("\n"),
        @r"
    /var/lib/rpm/rpmdb.sqlite: malformed: it ends at byte 0, and from 0 on it should have 100
    /var/lib/rpm/rpmdb.sqlite: malformed: it is no database of SQLite 3
    /var/lib/rpm/Packages.db: malformed: it is no database in the format of ndb
    /var/lib/rpm/Packages: malformed: it is no hash table of Berkeley DB
    /var/lib/rpm/Packages: malformed: it is cut off before the last of its ALL pages
    "
    );
}

/// A root of RHEL's kind: the rule that keeps tcp_diag out is of the kernel's package.
fn blocked(name: &str, database: &[u8]) -> Scene {
    healthy()
        .etc("hardening.conf", "install tcp_diag /bin/true\n")
        .file(&format!("var/lib/rpm/{name}"), database)
}

#[test]
fn the_report_names_the_package_or_why_it_does_not() {
    let said = |scene: &Scene| {
        let document = document(scene.root(), &["--only=tcp-diag"]);
        let evidence = document["checks"][0]["findings"][0]["evidence"].as_array();
        let says = |seen: &Value| seen["says"].as_str().map(str::to_owned);
        let says: Option<Vec<_>> = evidence.expect("evidence").iter().map(says).collect();
        says.expect("words").join("\n")
    };
    let cut = &made().sqlite[..131 * 4096];
    insta::assert_snapshot!(
        [
            said(&blocked("rpmdb.sqlite", &made().sqlite)),
            without_count(&said(&blocked("rpmdb.sqlite", cut)), &made().sqlite),
        ]
        .join("\n\n"),
        @r"
    install tcp_diag /bin/true (of the package kernel-core 1:6.1.0-5.x)

    install tcp_diag /bin/true (its package is not known: /var/lib/rpm/rpmdb.sqlite: malformed: it is cut off: it has 131 of ALL pages)
    "
    );
}
