use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An IPv4 network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subnet {
    address: Ipv4Addr,
    prefix: u8,
}

/// A text that is no IPv4 network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a subnet: expected {expected}")]
pub struct BadSubnet {
    text: String,
    expected: String,
}

impl Subnet {
    /// True when an address is in both.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let mask = mask(self.prefix.min(other.prefix));
        self.address.to_bits() & mask == other.address.to_bits() & mask
    }

    const fn tier(third: u8) -> Self {
        Self { address: Ipv4Addr::new(172, 30, third, 0), prefix: 24 }
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = BadSubnet;

    fn from_str(text: &str) -> Result<Self, BadSubnet> {
        let bad = |expected: String| BadSubnet { text: text.to_owned(), expected };
        let form = || bad("an IPv4 network as in \"172.30.1.0/24\"".to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(form)?;
        let address: Ipv4Addr = address.parse().map_err(|_| form())?;
        let prefix: u8 = prefix.parse().map_err(|_| form())?;
        // A network of a bridge needs room for its gateway and two containers.
        if !(1..=29).contains(&prefix) {
            return Err(bad("a prefix from /1 to /29".to_owned()));
        }
        let network = Ipv4Addr::from_bits(address.to_bits() & mask(prefix));
        if network != address {
            return Err(bad(format!("the address of the network itself, \"{network}/{prefix}\"")));
        }
        Ok(Self { address, prefix })
    }
}

/// The subnet of each network tier. The defaults are those of R91 to R95.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers {
    /// Takes requests from outside.
    pub api: Subnet,
    /// Does the work.
    pub application: Subnet,
    /// Carries messages.
    pub bus: Subnet,
    /// Keeps data; never begins a connection.
    pub data: Subnet,
    /// Reads every other tier.
    pub monitoring: Subnet,
}

impl Default for Tiers {
    fn default() -> Self {
        Self {
            api: Subnet::tier(1),
            application: Subnet::tier(2),
            bus: Subnet::tier(3),
            data: Subnet::tier(4),
            monitoring: Subnet::tier(5),
        }
    }
}

impl Tiers {
    /// Every tier with its name in `temper.toml`.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Subnet); 5] {
        [
            ("api", self.api),
            ("application", self.application),
            ("bus", self.bus),
            ("data", self.data),
            ("monitoring", self.monitoring),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Subnet;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_inside_the_network_is_refused_with_the_right_one() {
        let error = "172.30.1.7/24".parse::<Subnet>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`172.30.1.7/24` is not a subnet: expected the address of the network itself, \"172.30.1.0/24\""
        );
    }

    #[test]
    fn what_is_no_subnet_is_refused() {
        for text in ["172.30.1.0", "172.30.1/24", "fd00::/64", "10.0.0.0/33", "10.0.0.0/0", "10.0.0.0/30", ""]
        {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_overlaps_the_ones_inside_it() {
        assert!(subnet("172.30.0.0/16").overlaps(subnet("172.30.9.0/24")));
        assert!(subnet("172.30.9.0/24").overlaps(subnet("172.30.0.0/16")));
        assert!(!subnet("172.30.1.0/24").overlaps(subnet("172.30.2.0/24")));
    }
}
