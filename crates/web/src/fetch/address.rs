//! Decides which addresses are public.
//!
//! A public address is ordinary global unicast: outside the blocks of IANA's registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>, as of October 2025), not multicast, and for IPv6
//! inside `2000::/3`, the only allocated part.
//!
//! This is stricter than the registries' column "globally reachable": the anycast services listed there, such as the
//! port control protocol, are answered by the nearest router, which is the operator's own. For an IPv6 address that
//! embeds an IPv4 address (mapped, or NAT64's well-known prefix, through which IPv6-only networks reach IPv4 sites),
//! the inner address decides; other embeddings are refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(first: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = first;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(first: [u16; 8], prefix: u8) -> IpNet {
    let [a, b, c, d, e, f, g, h] = first;
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix))
}

/// The refused IPv4 ranges and their names in messages.
const V4: &[(IpNet, &str)] = &[
    (v4([0, 0, 0, 0], 8), "an address of \"this network\""),
    (v4([10, 0, 0, 0], 8), "a private address"),
    (v4([100, 64, 0, 0], 10), "an address shared behind a carrier's NAT"),
    (v4([127, 0, 0, 0], 8), "a loopback address"),
    // Azure's host serves metadata to every guest here, in public address space.
    (v4([168, 63, 129, 16], 32), "a cloud metadata address"),
    (v4([169, 254, 0, 0], 16), "a link-local address"),
    (v4([172, 16, 0, 0], 12), "a private address"),
    (v4([192, 0, 0, 0], 24), "an address of a network protocol"),
    (v4([192, 0, 2, 0], 24), "an address for documentation"),
    (v4([192, 31, 196, 0], 24), "an anycast service address"),
    (v4([192, 52, 193, 0], 24), "an anycast service address"),
    (v4([192, 88, 99, 0], 24), "an anycast service address"),
    (v4([192, 168, 0, 0], 16), "a private address"),
    (v4([192, 175, 48, 0], 24), "an anycast service address"),
    (v4([198, 18, 0, 0], 15), "an address for benchmarking"),
    (v4([198, 51, 100, 0], 24), "an address for documentation"),
    (v4([203, 0, 113, 0], 24), "an address for documentation"),
    (v4([224, 0, 0, 0], 4), "a multicast address"),
    (v4([255, 255, 255, 255], 32), "the broadcast address"),
    (v4([240, 0, 0, 0], 4), "a reserved address"),
];

/// The refused IPv6 ranges; ranges outside `2000::/3` are only listed for their names.
const V6: &[(IpNet, &str)] = &[
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "the unspecified address"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "a loopback address"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), "an IPv4-compatible address"),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "an address of a local NAT64"),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), "an address that discards"),
    (v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), "an address that stands for none"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), "a Teredo tunnel address"),
    (
        v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
        "an address of a network protocol",
    ),
    (
        v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
        "an address for documentation",
    ),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "a 6to4 tunnel address"),
    (
        v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48),
        "an anycast service address",
    ),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "an address for documentation"),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), "a segment routing identifier"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "a private address"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "a link-local address"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "a site-local address"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "a multicast address"),
];

/// The prefix under which IPv6 networks map the IPv4 internet (RFC 6052).
const NAT64: IpNet = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// The part of IPv6 from which global unicast addresses are allocated.
const GLOBAL_UNICAST: IpNet = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Returns what kind of non-public address this is, or `None` for a public one.
#[must_use]
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => v4_refusal(address),
        IpAddr::V6(address) => v6_refusal(address),
    }
}

fn v4_refusal(address: Ipv4Addr) -> Option<&'static str> {
    named(V4, IpAddr::V4(address))
}

fn v6_refusal(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inner) = address.to_ipv4_mapped() {
        return v4_refusal(inner);
    }
    let whole = IpAddr::V6(address);
    if NAT64.contains(&whole) {
        let [.., a, b, c, d] = address.octets();
        return v4_refusal(Ipv4Addr::new(a, b, c, d));
    }
    let unallocated = || (!GLOBAL_UNICAST.contains(&whole)).then_some("an address allocated to nobody");
    named(V6, whole).or_else(unallocated)
}

fn named(table: &'static [(IpNet, &'static str)], address: IpAddr) -> Option<&'static str> {
    let mut entries = table.iter();
    entries.find(|(net, _)| net.contains(&address)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_public(address: &str) -> bool {
        refusal(address.parse().unwrap()).is_none()
    }

    /// First and last address, and the addresses before and after with whether they are public.
    type Block = (
        &'static str,
        &'static str,
        Option<(&'static str, bool)>,
        Option<(&'static str, bool)>,
    );

    /// Every block of the IPv4 registry, the metadata address in public space, and multicast.
    const V4_BLOCKS: &[Block] = &[
        ("0.0.0.0", "0.255.255.255", None, Some(("1.0.0.0", true))),
        (
            "10.0.0.0",
            "10.255.255.255",
            Some(("9.255.255.255", true)),
            Some(("11.0.0.0", true)),
        ),
        (
            "100.64.0.0",
            "100.127.255.255",
            Some(("100.63.255.255", true)),
            Some(("100.128.0.0", true)),
        ),
        (
            "127.0.0.0",
            "127.255.255.255",
            Some(("126.255.255.255", true)),
            Some(("128.0.0.0", true)),
        ),
        (
            "168.63.129.16",
            "168.63.129.16",
            Some(("168.63.129.15", true)),
            Some(("168.63.129.17", true)),
        ),
        (
            "169.254.0.0",
            "169.254.255.255",
            Some(("169.253.255.255", true)),
            Some(("169.255.0.0", true)),
        ),
        (
            "172.16.0.0",
            "172.31.255.255",
            Some(("172.15.255.255", true)),
            Some(("172.32.0.0", true)),
        ),
        (
            "192.0.0.0",
            "192.0.0.255",
            Some(("191.255.255.255", true)),
            Some(("192.0.1.0", true)),
        ),
        ("192.0.0.0", "192.0.0.7", None, Some(("192.0.0.8", false))),
        ("192.0.0.8", "192.0.0.10", None, Some(("192.0.0.11", false))),
        ("192.0.0.170", "192.0.0.171", None, Some(("192.0.0.172", false))),
        (
            "192.0.2.0",
            "192.0.2.255",
            Some(("192.0.1.255", true)),
            Some(("192.0.3.0", true)),
        ),
        (
            "192.31.196.0",
            "192.31.196.255",
            Some(("192.31.195.255", true)),
            Some(("192.31.197.0", true)),
        ),
        (
            "192.52.193.0",
            "192.52.193.255",
            Some(("192.52.192.255", true)),
            Some(("192.52.194.0", true)),
        ),
        (
            "192.88.99.0",
            "192.88.99.255",
            Some(("192.88.98.255", true)),
            Some(("192.88.100.0", true)),
        ),
        (
            "192.168.0.0",
            "192.168.255.255",
            Some(("192.167.255.255", true)),
            Some(("192.169.0.0", true)),
        ),
        (
            "192.175.48.0",
            "192.175.48.255",
            Some(("192.175.47.255", true)),
            Some(("192.175.49.0", true)),
        ),
        (
            "198.18.0.0",
            "198.19.255.255",
            Some(("198.17.255.255", true)),
            Some(("198.20.0.0", true)),
        ),
        (
            "198.51.100.0",
            "198.51.100.255",
            Some(("198.51.99.255", true)),
            Some(("198.51.101.0", true)),
        ),
        (
            "203.0.113.0",
            "203.0.113.255",
            Some(("203.0.112.255", true)),
            Some(("203.0.114.0", true)),
        ),
        (
            "224.0.0.0",
            "239.255.255.255",
            Some(("223.255.255.255", true)),
            Some(("240.0.0.0", false)),
        ),
        ("240.0.0.0", "255.255.255.255", Some(("239.255.255.255", false)), None),
    ];

    /// The same for IPv6. Outside `2000::/3` no neighbour is public.
    const V6_BLOCKS: &[Block] = &[
        ("::", "::1", None, Some(("::2", false))),
        ("::", "::ffff:ffff", None, Some(("::1:0:0", false))),
        (
            "64:ff9b:1::",
            "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
            Some(("64:ff9b:0:ffff::", false)),
            Some(("64:ff9b:2::", false)),
        ),
        ("100::", "100::ffff:ffff:ffff:ffff", None, Some(("100:0:0:1::", false))),
        (
            "100:0:0:1::",
            "100:0:0:1:ffff:ffff:ffff:ffff",
            None,
            Some(("100:0:0:2::", false)),
        ),
        (
            "2001::",
            "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
            Some(("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true)),
            Some(("2001:1::", false)),
        ),
        ("2001:1::1", "2001:1::3", None, None),
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", None, None),
        ("2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        ("2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", None, None),
        ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        ("2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        (
            "2001::",
            "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
            None,
            Some(("2001:200::", true)),
        ),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            Some(("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", true)),
            Some(("2001:db9::", true)),
        ),
        (
            "2002::",
            "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Some(("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true)),
            Some(("2003::", true)),
        ),
        (
            "2620:4f:8000::",
            "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
            Some(("2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", true)),
            Some(("2620:4f:8001::", true)),
        ),
        (
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            Some(("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true)),
            Some(("3fff:1000::", true)),
        ),
        (
            "4000::",
            "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Some(("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true)),
            None,
        ),
        (
            "5f00::",
            "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            None,
            Some(("5f01::", false)),
        ),
        (
            "fc00::",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            None,
            Some(("fe00::", false)),
        ),
        (
            "fe80::",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            None,
            Some(("fec0::", false)),
        ),
        (
            "fec0::",
            "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            None,
            Some(("ff00::", false)),
        ),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
    ];

    #[test]
    fn every_special_block_is_refused_from_its_first_address_to_its_last() {
        for (first, last, before, after) in V4_BLOCKS.iter().chain(V6_BLOCKS) {
            assert!(!is_public(first), "{first}");
            assert!(!is_public(last), "{last}");
            for (neighbour, public) in [before, after].into_iter().flatten() {
                assert_eq!(is_public(neighbour), *public, "{neighbour}");
            }
        }
    }

    #[test]
    fn an_ipv4_address_is_judged_alike_in_every_carrier() {
        for (first, last, before, after) in V4_BLOCKS {
            let neighbours = [before, after].into_iter().flatten().map(|(address, _)| address);
            for address in [first, last].into_iter().chain(neighbours) {
                let public = is_public(address);
                assert_eq!(is_public(&format!("::ffff:{address}")), public, "mapped {address}");
                assert_eq!(is_public(&format!("64:ff9b::{address}")), public, "NAT64 {address}");
                assert!(!is_public(&format!("64:ff9b:1::{address}")), "local NAT64 {address}");
                assert!(!is_public(&format!("::{address}")), "compatible {address}");
            }
        }
    }

    #[test]
    fn metadata_services_are_refused() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
        ] {
            assert!(!is_public(address), "{address}");
        }
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for address in [
            "8.8.8.8",
            "93.184.215.14",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "2606:4700::1111",
        ] {
            assert!(is_public(address), "{address}");
        }
    }
}
