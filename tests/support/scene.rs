//! A root directory with a real module tree, indexed by the real depmod, and modprobe.d files.
//! The real modprobe is asked about the same files.

use sockdoctor::probes::modules::{Roots, collect_in};
use sockdoctor_checks::facts::{
    DiagModule, Fact, Gap, Kernel, KernelConfig, ModuleFacts, ModuleResolver, Modules, Presence,
    Why,
};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

pub(crate) const RELEASE: &str = "6.1.0-test";

/// What a module of this kernel says of itself.
const OURS: &str = "\\0vermagic=6.1.0-test SMP mod_unload modversions ";

/// The module that most tests are about.
pub(crate) const TCP: &str = "kernel/net/ipv4/tcp_diag.ko";
pub(crate) const INET: &str = "kernel/net/ipv4/inet_diag.ko";

pub(crate) struct Scene {
    root: TempDir,
    config: Option<KernelConfig>,
    pub(crate) of_the_host: bool,
    pub(crate) proc: PathBuf,
}

impl Scene {
    /// tcp_diag and the inet_diag that it needs, indexed; unix_diag compiled in.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let scene = Scene {
            proc: root.path().join("proc"),
            root,
            config: None,
            of_the_host: true,
        };
        for (index, file) in [INET, TCP].into_iter().enumerate() {
            scene.write(&scene.in_tree(file), &objects()[index]);
        }
        let builtin = scene.in_tree("modules.builtin");
        scene.write(&builtin, b"kernel/net/unix/unix_diag.ko\n");
        scene.write(&scene.in_tree("modules.order"), b"");
        scene.write(&scene.proc.join("modules"), b"");
        scene.write(&scene.proc.join("cmdline"), b"quiet\n");
        scene.depmod();
        scene
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Writes any file.
    pub(crate) fn file(self, path: &str, bytes: &[u8]) -> Self {
        self.write(&self.root().join(path), bytes);
        self
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.root.path().join("lib/modules").join(RELEASE)
    }

    pub(crate) fn in_tree(&self, file: &str) -> PathBuf {
        self.tree().join(file)
    }

    pub(crate) fn depmod(&self) {
        let root = self.root.path();
        run(Command::new("depmod").arg("-b").arg(root).arg(RELEASE));
    }

    /// Writes a file of etc/modprobe.d.
    pub(crate) fn etc(self, name: &str, text: &str) -> Self {
        self.write(&self.etc_path(name), text.as_bytes());
        self
    }

    /// Writes a file of usr/lib/modprobe.d.
    pub(crate) fn usr(self, name: &str, text: &str) -> Self {
        self.write(&self.directories()[1].join(name), text.as_bytes());
        self
    }

    pub(crate) fn etc_path(&self, name: &str) -> PathBuf {
        self.directories()[0].join(name)
    }

    /// Replaces the text of a file in proc.
    pub(crate) fn proc(self, name: &str, text: &str) -> Self {
        self.write(&self.proc.join(name), text.as_bytes());
        self
    }

    /// The kernel's configuration names these options.
    pub(crate) fn config(mut self, options: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.config = Some(KernelConfig {
            source: "/proc/config.gz".to_owned(),
            options: options.iter().map(owned).collect::<BTreeMap<_, _>>(),
        });
        self
    }

    fn directories(&self) -> [PathBuf; 2] {
        ["etc", "usr/lib"].map(|parent| self.root.path().join(parent).join("modprobe.d"))
    }

    fn write(&self, path: &Path, bytes: &[u8]) {
        let parent = path.parent().expect("a parent");
        fs::create_dir_all(parent).expect("directories");
        fs::write(path, bytes).expect("a file");
        if parent.ends_with("bin") || parent.ends_with("sbin") {
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("a program");
        }
    }

    /// What the probe says of `module`, whoever resolves it.
    pub(crate) fn facts(&self, module: DiagModule) -> ModuleFacts {
        let facts = self.facts_by(ModuleResolver::Reader, module);
        if cfg!(feature = "libkmod") {
            let by_libkmod = self.facts_by(ModuleResolver::Libkmod, module);
            assert_eq!(facts, by_libkmod, "the reader (left) agrees with libkmod");
        }
        facts
    }

    fn facts_by(&self, resolver: ModuleResolver, module: DiagModule) -> ModuleFacts {
        let modules = self.modules_by(resolver);
        let modules = modules.value().expect("a root directory");
        modules.get(module).expect("every diag module").clone()
    }

    /// What the probe says of all modules when `resolver` resolves them.
    pub(crate) fn modules_by(&self, resolver: ModuleResolver) -> Fact<Modules> {
        let roots = Roots {
            proc: self.proc.clone(),
            tree: self.tree(),
            modprobe_d: Some(self.directories().to_vec()),
            of_the_host: self.of_the_host,
            resolver,
        };
        collect_in(&roots, &self.kernel())
    }

    pub(crate) fn presence(&self, module: DiagModule) -> Fact<Presence> {
        self.facts(module).presence
    }

    pub(crate) fn kernel(&self) -> Kernel {
        fn gap<T>() -> Fact<T> {
            Fact::Missing(Gap::new("test", Why::Absent))
        }
        Kernel {
            release: Fact::Known(RELEASE.to_owned()),
            config: self.config.clone().map_or_else(gap, Fact::Known),
            modprobe: gap(),
            modules_disabled: gap(),
            lockdown: gap(),
            signatures_enforced: gap(),
        }
    }

    /// True when the real modprobe, asked for the alias as the kernel asks, would insert the
    /// module from a file that is there.
    pub(crate) fn modprobe_loads(&self, module: DiagModule) -> bool {
        let mut modprobe = Command::new("modprobe");
        modprobe.args(["-q", "--show-depends", "-S", RELEASE, "-d"]);
        modprobe.arg(self.root.path());
        for directory in self.directories() {
            modprobe.arg("-C").arg(directory);
        }
        let output = modprobe.arg(module.alias()).output().expect("modprobe");
        let plan = String::from_utf8(output.stdout).expect("text");
        let steps: Vec<_> = plan.lines().map(str::trim).collect();
        let file = |step: &&str| step.strip_prefix("insmod ").map(PathBuf::from);
        let files: Vec<_> = steps.iter().filter_map(file).collect();
        let name = format!("/{module}.ko");
        let ours = files.iter().any(|file| file.ends_with(&name[1..]));
        ours && files.len() == steps.len() && files.iter().all(|file| file.exists())
    }
}

/// Runs a command that has to succeed.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the program is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

/// inet_diag and tcp_diag: no code, but the aliases and symbols that depmod reads.
fn objects() -> &'static [Vec<u8>; 2] {
    static OBJECTS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let inet = modinfo(&format!("net-pf-16-proto-4-type-2{OURS}"))
            + r#"__asm__(".section __ksymtab_strings,\"a\"; .asciz \"inet_diag_register\"; .previous");"#;
        let tcp = modinfo(&format!("net-pf-16-proto-4-type-2-6{OURS}"))
            + "extern void inet_diag_register(void); void init(void) { inet_diag_register(); }";
        [compile(&inet), compile(&tcp)]
    })
}

/// tcp_diag with this version magic.
pub(crate) fn object(vermagic: &str) -> Vec<u8> {
    compile(&modinfo(&format!(
        "net-pf-16-proto-4-type-2-6\\0vermagic={vermagic}"
    )))
}

/// tcp_diag without any.
pub(crate) fn anonymous() -> Vec<u8> {
    compile(&modinfo("net-pf-16-proto-4-type-2-6"))
}

fn modinfo(alias: &str) -> String {
    format!(
        "static const char info[] __attribute__((section(\".modinfo\"), used)) = \
         \"license=GPL\\0alias={alias}\";\n\
         char this[8] __attribute__((section(\".gnu.linkonce.this_module\"), used));\n"
    )
}

fn compile(source: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let (from, to) = (directory.path().join("m.c"), directory.path().join("m.o"));
    fs::write(&from, source).expect("a file");
    run(Command::new("cc").arg("-c").arg(&from).arg("-o").arg(&to));
    fs::read(to).expect("an object")
}
