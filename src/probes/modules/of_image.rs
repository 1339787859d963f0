//! The files of modules of an image. On a machine a file is looked at when its module did not
//! load; in an image nobody tries.

use super::command_line::{self, CommandLine};
use super::file::{self, Fault, Native};
use super::is_for_modprobe;
use super::kmod::Kmod;
use super::modprobe_d::Configuration;
use super::reader::Reader;
use super::rules;
use crate::probes::io_gap;
use crate::root::Root;
use crate::text::{quoted, shown};
use sockdoctor_checks::facts::{
    DiagModule, Fact, Gap, Kernel, ModuleFacts, Modules, Place, Presence, Rule, Why,
};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// As many lines of the boot loader are named.
const DOUBTS: usize = 4;

/// What loads nothing, whatever its arguments are.
const IDLE: [&str; 7] = ["true", "false", ":", "exit", "echo", "printf", "logger"];

/// Why the command of an `install` may load the module, which no round trip shows here.
pub(super) fn may_load(command: &str) -> Option<&'static str> {
    let is_open = !is_idle(command);
    rules::calls_modprobe(command).or(is_open.then_some("may load it"))
}

/// Whether nothing is run but what is [`IDLE`]. Another command can stand in backquotes and in
/// brackets.
fn is_idle(command: &str) -> bool {
    let first_words = command
        .split([';', '&', '|'])
        .filter_map(|simple| simple.split_ascii_whitespace().next());
    let mut programs = first_words.filter_map(|word| word.rsplit('/').next());
    !command.contains(['`', '(']) && programs.all(|program| IDLE.contains(&program))
}

/// Looks into the files that are shipped, and into those of the modules that they need.
/// `unknown_modprobe`: why nobody knows what loads them.
pub(super) fn look_into_files(
    root: &dyn Root,
    tree: &Path,
    kernel: &Kernel,
    unknown_modprobe: Option<&Gap>,
    modules: &mut Modules,
) {
    let files = modules.entries.iter().filter_map(shipped_file);
    let mut natives = files.map(|file| file::native(root, Path::new(file), kernel));
    let look = Look {
        root,
        kernel,
        reader: Reader::new(root, tree, Configuration::default()),
        native: natives.find_map(|native| native),
    };
    let by_boot_loader = command_line::of_boot_loader(root);
    for entry in &mut modules.entries {
        if let Some(file) = shipped_file(entry) {
            entry.presence = look.presence(entry.module, file.to_owned());
        }
        if let Some(gap) = contradiction(kernel, entry) {
            entry.presence = Fact::Missing(gap);
        }
        if let Some(gap) = unknown_modprobe {
            leave_to_modprobe(entry, gap);
        }
        if shipped_file(entry).is_some() {
            look.doubt_rules(entry, &by_boot_loader);
        }
    }
}

/// Forgets what only the modprobe of kmod is known to go by: that of busybox knows no `install`, and
/// reads modules.alias and modules.dep instead of the indexes (modutils/modprobe.c).
fn leave_to_modprobe(entry: &mut ModuleFacts, gap: &Gap) {
    if let Some(Presence::NotIndexed { .. }) = entry.presence.value() {
        entry.presence = Fact::Missing(gap.clone());
    }
    if is_for_modprobe(&entry.presence) {
        entry.rules = Fact::Missing(gap.clone());
    }
}

/// Where the tree and the configuration of a kernel are not of one build, neither is believed.
fn contradiction(kernel: &Kernel, entry: &ModuleFacts) -> Option<Gap> {
    let config = kernel.config.value()?;
    let option = entry.module.config_option();
    let says = |option: &str| match config.get(option) {
        Some(value) => format!("{option}={value}"),
        None => format!("{option} is not set"),
    };
    let found = match entry.presence.value()? {
        Presence::BuiltIn { .. } if config.get(option) != Some("y") => says(option),
        Presence::Shipped { .. } if config.get("CONFIG_MODULES") != Some("y") => {
            says("CONFIG_MODULES")
        }
        Presence::Shipped { .. } if config.get(option) != Some("m") => says(option),
        _ => return None,
    };
    let why = format!("{found} there, and the module tree says otherwise");
    Some(Gap::new(&config.source, Why::Inconsistent(why)))
}

fn shipped_file(entry: &ModuleFacts) -> Option<&str> {
    match entry.presence.value()? {
        Presence::Shipped { file } => Some(file),
        _ => None,
    }
}

struct Look<'r> {
    root: &'r dyn Root,
    kernel: &'r Kernel,
    reader: Reader<'r>,
    /// What a module shows of this kernel.
    native: Option<Native>,
}

impl Look<'_> {
    /// What becomes of a module that is shipped as `file`.
    fn presence(&self, module: DiagModule, file: String) -> Fact<Presence> {
        let needed = match self.reader.needed_files(module.name()) {
            Ok(needed) => needed,
            Err(gap) => return Fact::with_gaps(Presence::Shipped { file }, vec![gap]),
        };
        let mut gaps = Vec::new();
        for path in needed.into_iter().chain([PathBuf::from(&file)]) {
            match self.trouble(&path) {
                Ok(None) => {}
                Ok(Some(presence)) => return Fact::Known(presence),
                Err(gap) => gaps.push(gap),
            }
        }
        Fact::with_gaps(Presence::Shipped { file }, gaps)
    }

    /// Adds what the boot loader may say of the module, and of those that it needs.
    fn doubt_rules(&self, entry: &mut ModuleFacts, said: &(CommandLine, Vec<Gap>)) {
        let (line, unread) = said;
        let name = entry.module.name();
        let (mut names, mut doubts) = match self.reader.module(name) {
            Ok(module) => (module.dependencies, Vec::new()),
            Err(gap) => (Vec::new(), vec![gap]),
        };
        names.push(name.to_owned());
        let doubt = |rule: &Rule| {
            let place = rule.place.as_ref().map_or(String::new(), Place::to_string);
            let why = format!(
                "`{}` keeps it out where that line is booted",
                quoted(&rule.text)
            );
            Gap::new(place, Why::Unsupported(why))
        };
        doubts.extend(line.naming(&names).take(DOUBTS).map(doubt));
        doubts.extend(unread.iter().cloned());
        let rules = std::mem::replace(&mut entry.rules, Fact::Known(Vec::new()));
        entry.rules = rules.and_gaps(doubts);
    }

    /// What certainly keeps the kernel from taking the file.
    fn trouble(&self, path: &Path) -> Result<Option<Presence>, Gap> {
        let file = shown(path);
        match self.root.kind(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Some(Presence::NeededFileGone { file }));
            }
            kind => kind.map_err(|error| io_gap(&*file, &error))?,
        };
        match file::fault(self.root, path, self.kernel, self.native.as_ref())? {
            None => Ok(None),
            Some(fault @ Fault { certain: true, .. }) => Ok(Some(fault.presence(file))),
            Some(fault) => {
                let why = format!("{}; only loading it would tell", fault.why);
                Err(Gap::new(file, Why::Inconsistent(why)))
            }
        }
    }
}
