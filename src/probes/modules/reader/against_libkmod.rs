//! Holds the reader against libkmod, over generated trees that the real depmod indexed and over
//! those of real kernels.

use super::Reader;
use crate::probes::modules::command_line::{self, CommandLine};
use crate::probes::modules::file::{fault, native};
use crate::probes::modules::kmod::Kmod;
use crate::probes::modules::libkmod::Libkmod;
use crate::probes::modules::modprobe_d::{Configuration, Sources};
use crate::root::Directory;
use proptest::prelude::*;
use sockdoctor_checks::facts::{DiagModule, Fact, RuleKind};
use sockdoctor_checks::fixture;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

const RELEASE: &str = "6.1.0-test";

/// Names of modules and aliases that the two are asked for.
type Names = BTreeSet<String>;

/// Asks both about every name, as an alias and as a module, and for all rules.
fn agree(tree: &Path, directories: &[PathBuf], names: &Names) {
    let root = Directory::open(Path::new("/")).expect("the root");
    let command_line = command_line::read(Path::new("/proc"));
    let read = || {
        let mut read = Configuration::read(&root, tree, Sources::only(directories));
        let lines = command_line.iter().flat_map(CommandLine::modprobe_lines);
        read.lines.extend(lines);
        read
    };
    let reader = Reader::new(&root, tree, read());
    let libkmod = Libkmod::open(tree, Some(directories), read()).expect("libkmod");
    for name in names {
        assert_eq!(reader.lookup(name), libkmod.lookup(name), "alias {name}");
        assert_eq!(reader.module(name), libkmod.module(name), "module {name}");
        let commands = [reader.install_command(name), libkmod.install_command(name)];
        assert_eq!(commands[0], commands[1], "install command of {name}");
    }
    for kind in [RuleKind::Blacklist, RuleKind::Alias, RuleKind::Install] {
        assert_eq!(reader.directives(kind), libkmod.directives(kind));
    }
}

/// A module with these lines in it, of which depmod reads `alias=` and `softdep=`: an ELF file
/// of no code.
fn object(information: &[String]) -> Vec<u8> {
    let modinfo: Vec<u8> = information.join("\0").into_bytes();
    let names = b"\0.modinfo\0.shstrtab\0";
    let (at_names, at_sections) = (64 + modinfo.len(), 64 + modinfo.len() + names.len());
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([1, 0, 62, 0, 1, 0, 0, 0]);
    bytes.resize(40, 0);
    bytes.extend((at_sections as u64).to_le_bytes());
    bytes.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
    bytes.extend(&modinfo);
    bytes.extend(names);
    bytes.resize(bytes.len() + 64, 0);
    for (name, kind, at, size) in [
        (1_u32, 1_u32, 64, modinfo.len()),
        (10, 3, at_names, names.len()),
    ] {
        bytes.extend(name.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend((at as u64).to_le_bytes());
        bytes.extend((size as u64).to_le_bytes());
        bytes.extend([0; 24]);
    }
    bytes
}

/// What is in a generated root.
#[derive(Debug)]
struct Generated {
    modules: Vec<(String, Vec<String>)>,
    built_in: Vec<(String, Vec<String>)>,
    files: Vec<(usize, &'static str, Content)>,
}

#[derive(Debug, Clone)]
enum Content {
    Text(String),
    Mask,
    Directory,
}

/// In the order of precedence.
const DIRECTORIES: [&str; 3] = ["etc/modprobe.d", "run/modprobe.d", "lib/modprobe.d"];

const NAMES: [&str; 8] = [
    "tcp_diag",
    "tcp-diag",
    "inet_diag",
    "off",
    "a",
    "b_c",
    "net-pf-16-proto-4-type-2-6",
    "symbol:a",
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(&NAMES[..]).prop_map(str::to_owned),
        "[a-c_-]{1,3}",
    ]
}

fn alias() -> impl Strategy<Value = String> {
    prop_oneof![
        name(),
        "net-pf-16-proto-4-type-[12*?](-[67*])?",
        "[ab]{0,2}[*?][abc:]{0,2}[*]?",
        "[ab]?\\[[a-c!^-]{1,4}\\][a-c*]{0,2}",
    ]
}

/// Patterns that make no sense are among them.
fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => alias(),
        1 => "[a-c*?\\[\\]!:=.\\\\-]{1,8}",
        1 => "\\*_diag|t[?]p*|[a-z]{3}_diag",
    ]
}

fn line() -> impl Strategy<Value = String> {
    let command = "blacklist|alias|install|install|remove|softdep|options|#|nonsense";
    let space = "[ \t]{1,2}|\\\\\n |\\\\ ";
    let rest = prop_oneof![
        pattern(),
        "/bin/true",
        "(pre|post): [a-c]",
        "pre: tcp_diag  post: a",
        "[ \t]{0,2}",
        "\\PC{0,5}",
    ];
    let parts = (" {0,1}", command, space, pattern(), space, rest);
    parts.prop_map(|(indent, command, one, subject, two, rest)| {
        format!("{indent}{command}{one}{subject}{two}{rest}\n")
    })
}

/// The two that decide together, for a module and something that may be there.
fn softly_needed() -> impl Strategy<Value = String> {
    let names = proptest::sample::select(&NAMES[..]);
    let pair = (names.clone(), "pre|post|odd", names);
    pair.prop_map(|(module, mode, needed)| {
        format!("install {module} /bin/true\nsoftdep {module} {mode}: {needed}\n")
    })
}

fn content() -> impl Strategy<Value = Content> {
    let line = prop_oneof![8 => line(), 1 => softly_needed()];
    prop_oneof![
        6 => proptest::collection::vec(line, 0..5).prop_map(|lines| Content::Text(lines.concat())),
        1 => Just(Content::Mask),
        1 => Just(Content::Directory),
    ]
}

fn generated() -> impl Strategy<Value = Generated> {
    let module = (name(), proptest::collection::vec(alias(), 0..4));
    let modules = proptest::collection::vec(module, 0..4);
    let soft = "(softdep=(pre|post): [ab])?";
    let built_in = (name(), proptest::collection::vec(alias(), 0..3));
    let built_in = proptest::collection::vec(built_in, 0..2);
    let names = proptest::sample::select(vec!["a.conf", "b.conf", ".c.conf", "d.txt", "e-.conf"]);
    let file = (0..DIRECTORIES.len(), names, content());
    let files = proptest::collection::vec(file, 0..6);
    (modules, soft, built_in, files).prop_map(|(mut modules, soft, built_in, files)| {
        if let Some((_, information)) = modules.first_mut() {
            information.push(soft);
        }
        Generated {
            modules,
            built_in,
            files,
        }
    })
}

impl Generated {
    /// Writes it, has depmod index it, and tells the tree.
    fn write(&self, root: &Path) -> PathBuf {
        let tree = root.join("lib/modules").join(RELEASE);
        fs::create_dir_all(tree.join("kernel/net")).expect("directories");
        for (name, information) in &self.modules {
            let line = |text: &String| match text.starts_with("softdep=") {
                true => text.clone(),
                false => format!("alias={text}"),
            };
            let information: Vec<_> = information.iter().map(line).collect();
            let file = tree.join(format!("kernel/net/{name}.ko"));
            fs::write(file, object(&information)).expect("a module");
        }
        let files = self
            .built_in
            .iter()
            .map(|(name, _)| format!("kernel/{name}.ko\n"));
        fs::write(tree.join("modules.builtin"), files.collect::<String>()).expect("written");
        let pair = |name: &str, alias: &String| format!("{name}.alias={alias}\0");
        let pairs = self.built_in.iter().flat_map(|(name, aliases)| {
            aliases
                .iter()
                .map(move |alias| pair(&name.replace('-', "_"), alias))
        });
        let information = tree.join("modules.builtin.modinfo");
        fs::write(information, pairs.collect::<String>()).expect("written");
        fs::write(tree.join("modules.order"), "").expect("written");
        for (directory, name, content) in &self.files {
            write(&root.join(DIRECTORIES[*directory]), name, content);
        }
        let depmod = Command::new("depmod")
            .arg("-b")
            .arg(root)
            .arg(RELEASE)
            .output();
        assert!(depmod.expect("depmod is installed").status.success());
        tree
    }

    fn names(&self) -> Names {
        let all = self.modules.iter().chain(&self.built_in);
        let own = all.flat_map(|(name, aliases)| aliases.iter().chain([name]));
        let fixed = NAMES.iter().map(|name| (*name).to_owned());
        let short = [
            "a", "b", "c", "ab", "aa", "a:b", "cc", "-", "a]", "[a", "a[b]c", "x.y",
        ];
        let short = short.into_iter().map(str::to_owned);
        own.cloned().chain(fixed).chain(short).collect()
    }
}

/// What is there already stays.
fn write(directory: &Path, name: &str, content: &Content) {
    fs::create_dir_all(directory).expect("a directory");
    let path = directory.join(name);
    if path.symlink_metadata().is_ok() {
        return;
    }
    match content {
        Content::Text(text) => fs::write(path, text),
        Content::Mask => symlink("/dev/null", path),
        Content::Directory => fs::create_dir(path),
    }
    .expect("written");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_reader_and_libkmod_agree_on_generated_trees(generated in generated()) {
        let root = tempfile::tempdir().expect("a directory");
        let tree = generated.write(root.path());
        let directories = DIRECTORIES.map(|directory| root.path().join(directory));
        agree(&tree, &directories, &generated.names());
    }
}

/// The lab runs this with each of its kernels.
#[test]
#[ignore = "needs the module tree of a kernel in SOCKDOCTOR_MODULE_TREE"]
fn the_reader_and_libkmod_agree_on_a_real_tree() {
    let tree = std::env::var_os("SOCKDOCTOR_MODULE_TREE");
    let tree = PathBuf::from(tree.expect("SOCKDOCTOR_MODULE_TREE names a module tree"));
    let text = |name: &str| fs::read_to_string(tree.join(name)).expect(name);
    let mut names = Names::new();
    for line in text("modules.alias")
        .lines()
        .chain(text("modules.symbols").lines())
    {
        let mut words = line.split(' ').skip(1).map(str::to_owned);
        names.extend(words.next().map(|alias| alias.replace('*', "1")));
        names.extend(words);
    }
    let files = text("modules.builtin");
    let base = |file: &str| file.rsplit('/').next().map(str::to_owned);
    names.extend(files.lines().filter_map(base));
    assert!(names.len() > 1000, "{} names", names.len());
    agree(&tree, &[], &names);
    for module in DiagModule::ALL {
        same_version_magic(&tree, module);
    }
}

/// modinfo reads the files of modules through libkmod.
fn same_version_magic(tree: &Path, module: DiagModule) {
    let root = Directory::open(Path::new("/")).expect("the root");
    let reader = Reader::new(&root, tree, Configuration::default());
    let Some(file) = reader.module(module.name()).expect("read").file else {
        return;
    };
    let modinfo = Command::new("modinfo")
        .args(["-F", "vermagic"])
        .arg(&file)
        .output();
    let magic = String::from_utf8(modinfo.expect("modinfo is installed").stdout).expect("text");
    let (release, flags) = magic
        .trim_end_matches('\n')
        .split_once(' ')
        .expect("two words");
    let mut kernel = fixture::healthy().kernel;
    kernel.release = Fact::Known(release.to_owned());
    let native = native(&root, &file, &kernel).expect("built for its kernel");
    assert_eq!(native.flags, flags);
    assert_eq!(
        fault(&root, &file, &kernel, Some(&native)),
        Ok(None),
        "{}",
        file.display()
    );
}

/// Runs the test below in a process of its own, where /proc/cmdline is a file to write to.
#[test]
fn the_reader_and_libkmod_agree_on_the_command_line() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let script =
        "mount --bind \"$COMMAND_LINE\" /proc/cmdline && exec \"$@\" --ignored --exact --nocapture";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", script, "sh"]);
    command.arg(std::env::current_exe().expect("this program"));
    command.arg(
        concat!(module_path!(), "::on_replaced_command_lines").replacen("sockdoctor::", "", 1),
    );
    let output = command
        .env("COMMAND_LINE", file.path())
        .output()
        .expect("unshare");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stdout.contains("1 passed"), "{stdout}{stderr}");
}

proptest! {
    #[test]
    #[ignore = "run by the test above, which makes the command line"]
    fn on_replaced_command_lines(
        words in proptest::collection::vec(
            "\"?(modprobe|a)\\.(blacklist|b)?(=\"?[a-b,_.=-]{0,4}\"?)?\"?|[a\" \t\n.=]{0,3}", 0..6
        )
    ) {
        let file = std::env::var_os("COMMAND_LINE").expect("set by the test above");
        fs::write(file, words.join(" ")).expect("written");
        let tree = tempfile::tempdir().expect("a directory");
        agree(tree.path(), &[], &Names::new());
    }
}
