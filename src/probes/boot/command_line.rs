//! `sysctl.KEY=VALUE` on the kernel command line (process_sysctl_arg, fs/proc/proc_sysctl.c, since
//! Linux 5.8). It is set before init starts, so a file that sets the key again wins.

use super::sysctl;
use crate::text::quoted;
use sockdoctor_checks::facts::{BootSysctl, Place};

/// The settings on a command line that checks ask for. The last of a key stays; where each is
/// told is up to the caller.
pub(super) fn settings(line: &str, place: &Place) -> Vec<BootSysctl> {
    let words = line.split_ascii_whitespace();
    let words = words.take_while(|word| *word != "--");
    let mut settings: Vec<BootSysctl> = Vec::new();
    for (key, value) in words.filter_map(setting) {
        settings.retain(|earlier| earlier.key != key);
        settings.push(BootSysctl {
            key,
            value: quoted(value),
            place: place.clone(),
        });
    }
    settings
}

/// The key with dots. Slashes count as dots, before the key too.
fn setting(word: &str) -> Option<(String, &str)> {
    let (name, value) = word.trim_start_matches('"').split_once('=')?;
    let key = name.strip_prefix("sysctl")?.strip_prefix(['.', '/'])?;
    let names = key.split(['.', '/']).filter(|name| !name.is_empty());
    let names: Vec<&str> = names.collect();
    sysctl::is_asked_for(&names.join("/")).then(|| (names.join("."), value.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(line: &str) -> Vec<String> {
        let place = Place {
            path: "/proc/cmdline".to_owned(),
            line: Some(1),
        };
        let settings = settings(line, &place).into_iter();
        settings
            .map(|set| format!("{}={}", set.key, set.value))
            .collect()
    }

    #[test]
    fn keys_may_be_written_with_dots_and_slashes() {
        for word in [
            "sysctl.net.core.somaxconn=8",
            "sysctl/net/core/somaxconn=8",
            "sysctl.net/core.somaxconn=8",
            "sysctl.net.core.somaxconn=9 sysctl/net/core/somaxconn=\"8\"",
            "\"sysctl.net.core.somaxconn=8\"",
        ] {
            assert_eq!(
                set(&format!("quiet {word} ro")),
                ["net.core.somaxconn=8"],
                "{word}"
            );
        }
    }

    #[test]
    fn what_the_kernel_does_not_take_for_a_setting_is_none() {
        for word in [
            "sysctl_net.core.somaxconn=8",
            "sysctl.net.core.somaxconn",
            "net.core.somaxconn=8",
            "sysctl.vm.swappiness=8",
            "-- sysctl.net.core.somaxconn=8",
        ] {
            assert_eq!(set(word), [""; 0], "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text: String) {
            let _ = set(&text);
        }
    }
}
