//! The environment that ss is run in, and what of it ss looks at.

use crate::text::text;
use sockdoctor_checks::facts::SsVariable;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The variables that ss asks for (getenv and generic_proc_open in misc/ss.c of iproute2).
const LOOKED_AT: [&str; 18] = [
    "PROC_ROOT",
    "TCPDIAG_FILE",
    "PROC_NET_TCP",
    "PROC_NET_TCP6",
    "PROC_NET_UDP",
    "PROC_NET_UDP6",
    "PROC_NET_RAW",
    "PROC_NET_RAW6",
    "PROC_NET_UNIX",
    "PROC_NET_PACKET",
    "PROC_NET_NETLINK",
    "PROC_NET_MPTCP",
    "PROC_NET_DCCP",
    "PROC_NET_SCTP",
    "PROC_NET_SOCKSTAT",
    "PROC_NET_SOCKSTAT6",
    "PROC_NET_SNMP",
    "PROC_IP_LOCAL_PORT_RANGE",
];

/// Environment variables.
#[derive(Debug, Clone, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        Environment(std::env::vars_os().collect())
    }

    /// The same with one more, or with another value.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let name = name.into();
        self.0.retain(|(present, _)| *present != name);
        self.0.push((name, value.into()));
        self
    }

    /// All of them.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of one.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables()
            .find_map(|(present, value)| (present == name).then_some(value))
    }
}

/// The variables that ss looks at, where `get` has them.
pub(super) fn ss_variables(get: impl Fn(&str) -> Option<OsString>) -> Vec<SsVariable> {
    let set = |name: &&str| {
        Some(SsVariable {
            name: (*name).to_owned(),
            value: text(get(name)?.as_bytes()),
        })
    };
    LOOKED_AT.iter().filter_map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn an_empty_variable_counts() {
        let get = |name: &str| (name == "PROC_NET_TCP").then(OsString::new);
        let expected = SsVariable {
            name: "PROC_NET_TCP".to_owned(),
            value: String::new(),
        };
        assert_eq!(ss_variables(get), [expected]);
    }

    #[test]
    fn a_value_may_be_any_bytes() {
        let get = |_: &str| Some(OsString::from_vec(b"/\xff".to_vec()));
        assert_eq!(ss_variables(get)[0].value, "/\\xff");
    }
}
