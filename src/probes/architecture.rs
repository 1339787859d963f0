//! The processors that a kernel is for.

use object::Architecture;
use sockdoctor_checks::facts::KernelConfig;

/// The option that each architecture sets, arch/*/Kconfig. RISC-V and LoongArch have 32-bit
/// kernels too, which no distribution ships.
const OPTIONS: [(&str, Architecture); 8] = [
    ("CONFIG_ARM", Architecture::Arm),
    ("CONFIG_ARM64", Architecture::Aarch64),
    ("CONFIG_LOONGARCH", Architecture::LoongArch64),
    ("CONFIG_PPC64", Architecture::PowerPc64),
    ("CONFIG_RISCV", Architecture::Riscv64),
    ("CONFIG_S390", Architecture::S390x),
    ("CONFIG_X86_32", Architecture::I386),
    ("CONFIG_X86_64", Architecture::X86_64),
];

/// True for an option that says what processors a kernel is for.
pub(super) fn is_option(name: &str) -> bool {
    OPTIONS.iter().any(|&(option, _)| option == name)
}

/// What the configuration of a kernel says, `None` for others than the usual ones.
pub(super) fn of_kernel(config: &KernelConfig) -> Option<Architecture> {
    let set = |option| config.get(option) == Some("y");
    let found = OPTIONS.iter().find(|(option, _)| set(option));
    found.map(|&(_, architecture)| architecture)
}
