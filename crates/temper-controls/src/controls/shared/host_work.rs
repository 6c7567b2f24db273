//! Services that change the host itself, as firewalls, VPNs and storage do.

use temper_fit::canonical;
use temper_model::Setting;
use temper_model::compose::{Mount, Service};

/// What shows that a service works on the host: it "works in the network of the host", "mounts /lib/modules of the host".
pub(in crate::controls) fn host_work(service: &Service) -> Option<String> {
    let network = service.network_mode.as_ref().and_then(Setting::known);
    if network.is_some_and(|mode| mode == "host") {
        return Some("works in the network of the host (`network_mode: host`)".to_owned());
    }
    if let Some(device) = service.devices.iter().find(|device| device.value.starts_with("/dev/net/tun")) {
        return Some(format!("makes network interfaces with {}", device.value));
    }
    let kernel = |mount: &&Mount| {
        let source = mount.source.as_deref().map(canonical).unwrap_or_default();
        ["/lib/modules", "/dev", "/dev/net/tun", "/sys", "/sys/fs/cgroup"].contains(&source.as_str())
    };
    let mount = service.mounts.iter().find(kernel)?;
    Some(format!("mounts {} of the host", mount.source.as_deref().unwrap_or_default()))
}
