//! Which of many assignments stays (apply_all, src/sysctl/sysctl.c).

use super::super::lines::lines;
use super::super::wildcard;
use super::line::Setting;
use crate::probes::drop_ins::place;
use crate::probes::work::Work;
use crate::text::{quoted, text};
use sockdoctor_checks::facts::{BootSysctl, Gap, Place, Why};
use std::collections::HashMap;
use std::path::Path;

/// The settings that checks ask for.
const KEYS: [&str; 7] = [
    "kernel/modprobe",
    "kernel/modules_disabled",
    "net/core/somaxconn",
    "net/ipv4/tcp_abort_on_overflow",
    "net/ipv4/tcp_max_syn_backlog",
    "net/ipv4/tcp_synack_retries",
    "net/ipv4/tcp_syncookies",
];

/// What all patterns together may cost. Those of distributions take some thousand steps.
const STEPS: usize = 1 << 24;

/// As many lines are named that are not understood.
const NAMED: usize = 8;

/// As many different values of a setting are told.
const VALUES: usize = 4;

fn dotted(key: &str) -> String {
    key.replace('/', ".")
}

/// True for a key with slashes that checks ask for.
pub(in crate::probes::boot) fn is_asked_for(key: &str) -> bool {
    KEYS.contains(&key)
}

/// Which of [`KEYS`] a setting is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    None,
    Named,
    /// Those that its pattern matches.
    Matched([bool; KEYS.len()]),
    Unknown,
}

/// What a line assigns.
struct Assignment {
    /// In the order in which systemd would apply them.
    order: usize,
    value: Option<Vec<u8>>,
    place: Place,
    about: About,
}

/// Assignments by key or pattern.
pub(super) struct Assignments {
    all: HashMap<Vec<u8>, Assignment>,
    /// The values that any line gives a key, each with its first line.
    values: [Vec<BootSysctl>; KEYS.len()],
    lines: usize,
    work: Work,
    /// The first lines that are not understood, and how many more there are.
    unknown: Vec<Place>,
    more_unknown: usize,
}

impl Assignments {
    pub(super) fn new() -> Self {
        Assignments {
            all: HashMap::new(),
            values: Default::default(),
            lines: 0,
            work: Work::at_most(STEPS),
            unknown: Vec::new(),
            more_unknown: 0,
        }
    }

    pub(super) fn read(&mut self, path: &Path, bytes: &[u8]) {
        for (number, line) in lines(bytes) {
            if let Some(setting) = Setting::parse(line) {
                self.add(setting, || place(path, number));
            }
        }
    }

    /// A later assignment of the same key takes the place of the earlier one, at the end of the
    /// list; one that repeats the value leaves the order as it was (parse_line, sysctl.c). The
    /// later line is named either way, because it is the one to edit.
    fn add(&mut self, setting: Setting, place: impl Fn() -> Place) {
        let about = self.about(&setting);
        match about {
            // A file may hold any number of lines that nobody here asks about.
            About::None => return,
            About::Unknown if self.unknown.len() == NAMED => return self.more_unknown += 1,
            About::Unknown => return self.unknown.push(place()),
            About::Named | About::Matched(_) => {}
        }
        self.note(&setting, about, &place);
        self.lines += 1;
        let order = match self.all.get(&setting.key) {
            Some(earlier) if earlier.value == setting.value => earlier.order,
            _ => self.lines,
        };
        let assignment = Assignment {
            order,
            value: setting.value,
            place: place(),
            about,
        };
        self.all.insert(setting.key, assignment);
    }

    /// A value that is known already keeps its first line.
    fn note(&mut self, setting: &Setting, about: About, place: impl Fn() -> Place) {
        let Some(value) = &setting.value else {
            return;
        };
        let value = quoted(&text(value));
        for (index, values) in self.values.iter_mut().enumerate() {
            let ours = match about {
                About::Named => KEYS[index].as_bytes() == setting.key,
                About::Matched(keys) => keys[index],
                About::None | About::Unknown => false,
            };
            if ours && values.len() < VALUES && values.iter().all(|line| line.value != value) {
                values.push(BootSysctl {
                    key: dotted(KEYS[index]),
                    value: value.clone(),
                    place: place(),
                });
            }
        }
    }

    fn about(&mut self, setting: &Setting) -> About {
        if setting.goes_up() {
            return About::Unknown;
        }
        if !setting.is_pattern() {
            let is_known = KEYS.iter().any(|key| key.as_bytes() == setting.key);
            return if is_known { About::Named } else { About::None };
        }
        let mut matched = [false; KEYS.len()];
        for (key, matches) in KEYS.iter().zip(&mut matched) {
            match wildcard::matches_path(&setting.key, key.as_bytes(), &mut self.work) {
                Some(found) => *matches = found,
                None => return About::Unknown,
            }
        }
        match matched.contains(&true) {
            true => About::Matched(matched),
            false => About::None,
        }
    }

    /// The first lines that give a setting a value, whichever of them stays, and those of which it
    /// is not known what they set.
    pub(super) fn lines(self) -> (Vec<BootSysctl>, Vec<Gap>) {
        let gaps = self.gaps();
        (self.values.into_iter().flatten().collect(), gaps)
    }

    /// What stays, and the lines of which it is not known what they set.
    pub(super) fn winners(&self) -> (Vec<BootSysctl>, Vec<Gap>) {
        let winners = (0..KEYS.len()).filter_map(|key| self.winner(key));
        (winners.collect(), self.gaps())
    }

    /// A key that is named wins over every pattern, also when it is only named to take it out of
    /// them (apply_glob_option_with_prefix, sysctl.c). Of several patterns the last one stays.
    fn winner(&self, key: usize) -> Option<BootSysctl> {
        let patterns = || {
            let all = self.all.values().filter(|line| line.value.is_some());
            let ours = all.filter(|line| matches!(line.about, About::Matched(keys) if keys[key]));
            ours.max_by_key(|line| line.order)
        };
        let named = self.all.get(KEYS[key].as_bytes());
        let winner = named.or_else(patterns)?;
        Some(BootSysctl {
            key: dotted(KEYS[key]),
            value: quoted(&text(winner.value.as_ref()?)),
            place: winner.place.clone(),
        })
    }

    fn gaps(&self) -> Vec<Gap> {
        let why = "versions of systemd differ in what such a line sets, or it takes too long";
        let gap = |what| Gap::new(what, Why::Unsupported(why.to_owned()));
        let named = self.unknown.iter().map(|place| gap(place.to_string()));
        let more = match self.more_unknown {
            0 => None,
            more => Some(gap(format!("{more} more lines of sysctl.d"))),
        };
        named.chain(more).collect()
    }
}
