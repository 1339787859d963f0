//! What an image promises, as a machine that boots it can be held against.

use super::handler::{Handler, Look, look};
use super::telling;
use crate::facts::{
    Expectation, ExpectedHandler, ExpectedKernel, ExpectedSetting, Facts, NetSysctls,
};
use crate::sysctl;

/// The promises of an image, of which `all` are the facts with each of its kernels.
pub fn promises(all: &[&Facts]) -> Option<Expectation> {
    let image = all.first()?.origin.image()?;
    let ss = all[0].ss.installed.value().and_then(Option::as_ref);
    Some(Expectation {
        image: image.name.clone(),
        kernels: all.iter().copied().filter_map(of_kernel).collect(),
        ss: ss.and_then(|ss| ss.version.value().cloned()),
    })
}

fn of_kernel(facts: &Facts) -> Option<ExpectedKernel> {
    let has_kernel = facts.origin.image()?.has_kernel;
    let release = facts.kernel.release.value().filter(|_| has_kernel)?.clone();
    Some(ExpectedKernel {
        release,
        handlers: Handler::ALL
            .map(|handler| of_handler(facts, handler))
            .into(),
        settings: settings(facts),
    })
}

fn of_handler(facts: &Facts, handler: Handler) -> ExpectedHandler {
    let look = look(facts, handler);
    let answers = match look {
        Look::Promised(_) => Some(true),
        Look::Blocked { .. } => Some(false),
        _ => None,
    };
    let module = handler.module();
    let why = match answers {
        Some(true) => format!(
            "{module} {}",
            telling::how_it_is_there(facts, handler, &look)
        ),
        _ => telling::because(facts, handler, &look),
    };
    ExpectedHandler {
        module,
        answers,
        why,
    }
}

fn settings(facts: &Facts) -> Vec<ExpectedSetting> {
    let namespaces = facts.namespaces.value();
    let Some(first) = namespaces.and_then(|namespaces| namespaces.first()) else {
        return Vec::new();
    };
    values(&first.sysctls)
        .into_iter()
        .filter_map(|(key, value)| {
            let line = facts.boot.line(key);
            Some(ExpectedSetting {
                key: key.to_owned(),
                value: value?,
                from: line.map_or("the kernel starts with it".to_owned(), |line| {
                    line.place.to_string()
                }),
            })
        })
        .collect()
}

/// The settings that can be foretold, with their values as far as they are known.
pub(super) fn values(sysctls: &NetSysctls) -> [(&'static str, Option<u32>); 4] {
    let value = |fact: &crate::facts::Fact<u32>| fact.value().copied();
    [
        (sysctl::SOMAXCONN, value(&sysctls.somaxconn)),
        (sysctl::SYNCOOKIES, value(&sysctls.tcp_syncookies)),
        (sysctl::MAX_SYN_BACKLOG, value(&sysctls.tcp_max_syn_backlog)),
        (
            sysctl::ABORT_ON_OVERFLOW,
            value(&sysctls.tcp_abort_on_overflow),
        ),
    ]
}
