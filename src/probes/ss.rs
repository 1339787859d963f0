//! The installed `ss`: its version, its environment, and what it really prints.

mod environment;
mod rows;
mod run;

pub use environment::Environment;

use super::canary;
use crate::gap::unselected;
use crate::runner::Deadline;
use crate::text::shown;
use run::Output;
use sockdoctor_checks::facts::{
    Fact, Family, Gap, Queues, SsInstalled, SsRow, SsRun, SsVariable, Topic, Topics, Why,
};
use std::path::{Path, PathBuf};

/// How much of what ss says on stderr is kept, in lines.
const STDERR_LINES: usize = 3;

/// Those of the environment variables that ss looks at which are set here.
pub fn environment() -> Vec<SsVariable> {
    environment::ss_variables(|name| std::env::var_os(name))
}

/// What running `ss` showed.
#[derive(Debug)]
pub struct Observed {
    /// The program.
    pub installed: Fact<Option<SsInstalled>>,
    /// What it printed for a TCP listener of ours.
    pub tcp: Fact<SsRun>,
    /// What it printed for a unix stream of ours.
    pub unix: Fact<SsRun>,
}

/// Whether anything of this is told by running `ss`.
pub fn is_run_for(topics: Topics) -> bool {
    !topics.is_disjoint(Topic::SsInstalled | Topic::SsTcp | Topic::SsUnix)
}

/// Finds `ss` and runs it for its version and for sockets of our own, as far as `topics` ask. It
/// can load modules, so `--passive` does not call this.
pub fn collect(topics: Topics, deadline: Deadline) -> Observed {
    collect_in(&Environment::of_this_process(), topics, deadline)
}

/// The same, with `ss` found and run in this environment.
pub fn collect_in(environment: &Environment, topics: Topics, deadline: Deadline) -> Observed {
    let Some(path) = environment.find("ss") else {
        let absent = || Fact::Missing(Gap::new("ss", Why::Absent));
        return Observed {
            installed: Fact::Known(None),
            tcp: absent(),
            unix: absent(),
        };
    };
    let ss = Ss {
        path,
        environment,
        deadline,
    };
    let mut runs = Runs { topics, hung: None };
    let version = runs.next(Topic::SsInstalled, || ss.version());
    let tcp = runs.next(Topic::SsTcp, || ss.tcp());
    let unix = runs.next(Topic::SsUnix, || ss.unix());
    Observed {
        installed: Fact::Known(Some(SsInstalled {
            path: shown(&ss.path),
            version: version.into(),
        })),
        tcp: tcp.unwrap_or_else(Fact::Missing),
        unix: unix.unwrap_or_else(Fact::Missing),
    }
}

/// The runs of one `ss`, of which some are asked for.
struct Runs {
    topics: Topics,
    /// The run that did not end.
    hung: Option<Gap>,
}

impl Runs {
    /// An `ss` that did not answer before has used up the time, and is not asked again.
    fn next<T>(&mut self, topic: Topic, ask: impl FnOnce() -> Result<T, Gap>) -> Result<T, Gap> {
        if !self.topics.contains(topic) {
            return Err(unselected("this run of ss"));
        }
        if let Some(hung) = &self.hung {
            return Err(hung.clone());
        }
        let asked = ask();
        if let Err(gap) = &asked
            && matches!(gap.why, Why::TimedOut { .. })
        {
            self.hung = Some(gap.clone());
        }
        asked
    }
}

/// An `ss` that can be run.
struct Ss<'a> {
    path: PathBuf,
    environment: &'a Environment,
    deadline: Deadline,
}

impl Ss<'_> {
    /// `ss utility, iproute2-6.1.0` without its first half.
    fn version(&self) -> Result<String, Gap> {
        let output = self.run(&["-V"])?;
        match output.stdout.trim_end().split_once(", ") {
            Some(("ss utility", version)) => Ok(version.to_owned()),
            _ => Err(self.nonsense("-V", &output, output.stdout.lines().next())),
        }
    }

    /// What it prints for a listener. Asked for just that port, because `ss -l` walks every
    /// connection of the host (it asks for state CLOSE too).
    fn tcp(&self) -> Result<Fact<SsRun>, Gap> {
        let canary = canary::tcp(Family::V4)?;
        let port = format!(":{}", canary.name.port());
        let filter = ["-tn", "state", "listening", "sport", "=", &port];
        self.ask(&filter, &canary.name.to_string(), canary.truth)
    }

    /// What it prints for a unix stream. Its filter by inode came late, the one by name did not.
    fn unix(&self) -> Result<Fact<SsRun>, Gap> {
        let canary = canary::unix_named()?;
        self.ask(&["-xn", "src", &canary.name], &canary.name, canary.truth)
    }

    /// What it prints for the socket with this name. Rows about others prove nothing.
    fn ask(&self, arguments: &[&str], name: &str, truth: Queues) -> Result<Fact<SsRun>, Gap> {
        let output = self.run(arguments)?;
        let command = arguments.join(" ");
        let (mut rows, garbage) = parse(&output.stdout);
        rows.retain(|row| row.local == name);
        let nonsense = match garbage {
            Some(line) => Some(self.nonsense(&command, &output, Some(line))),
            None if rows.is_empty() && output.exit_code != Some(0) => {
                Some(self.nonsense(&command, &output, None))
            }
            None => None,
        };
        match nonsense {
            Some(gap) if rows.is_empty() => Err(gap),
            nonsense => {
                let run = SsRun {
                    command: format!("ss {command}"),
                    truth,
                    rows,
                    stderr: first_lines(&output.stderr),
                    exit_code: output.exit_code,
                };
                Ok(Fact::with_gaps(run, nonsense.into_iter().collect()))
            }
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Gap> {
        run::run(&self.path, arguments, self.environment, self.deadline)
    }

    /// The gap for output that is not what ss prints, with the first thing that it complained of.
    fn nonsense(&self, arguments: &str, output: &Output, printed: Option<&str>) -> Gap {
        let printed = printed.map_or("printed nothing".to_owned(), |it| format!("printed `{it}`"));
        let ended = match output.exit_code {
            Some(code) => format!("exit code {code}"),
            None => "ended by a signal".to_owned(),
        };
        let complaint = output.stderr.lines().next();
        let complaint = complaint.map_or(String::new(), |it| format!(", stderr `{it}`"));
        let what = format!("{} {arguments}", shown(&self.path));
        Gap::malformed(what, format!("{printed}, {ended}{complaint}"))
    }
}

/// The rows, and the first line that is none. The titles cannot be left out: before about 4.7 ss
/// knew no `-H`.
fn parse(stdout: &str) -> (Vec<SsRow>, Option<&str>) {
    let lines = || stdout.lines().filter(|line| !line.trim().is_empty());
    let mut others = lines().filter(|line| rows::row(line).is_none());
    let garbage = others.find(|line| !rows::is_title(line));
    (lines().filter_map(rows::row).collect(), garbage)
}

fn first_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().take(STDERR_LINES).collect();
    lines.join("\n")
}

impl Environment {
    /// The program in PATH, or where distributions put it although PATH lacks it.
    fn find(&self, program: &str) -> Option<PathBuf> {
        const USUAL: &str = "/usr/sbin:/sbin:/usr/bin:/bin";
        let path = self.get("PATH").unwrap_or_default();
        std::env::split_paths(path)
            .chain(std::env::split_paths(USUAL))
            .filter(|directory| !directory.as_os_str().is_empty())
            .map(|directory| directory.join(program))
            .find(|candidate| is_program(candidate))
    }
}

fn is_program(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}
