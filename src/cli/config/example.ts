/** What `ipscsi config example` prints, and docs/config.md explains. */

export const exampleFile = `# lab.toml: the same file on every host; docs/config.md explains it.
bus = "lab"                 # every host's MAC address is made of this name and its ID
width = 16                  # IDs on the bus: 8, 16, 32, 64, 128 or 256
mtu = 65280                 # of the interfaces, 68 to 65521
digests = "on"              # CRC32C of "header"s alone, or "on": of data too; "off"

[iscsi]                     # all of it may be left out
depth = 64                  # commands outstanding at once, per target
login-timeout = 15          # seconds
ping-interval = 5           # silence after which a peer is asked whether it is there; 0: never
ping-timeout = 5            # time it has for an answer

[hosts.alpha]
id = 1                      # SCSI ID
portals = ["192.0.2.1:3260", "[2001:db8::1]:3260"]   # where the others reach it
addresses = ["10.90.0.1/24", "fd90::1/64"]           # of its interface on the bus
chap = { name = "alpha", secret-file = "secrets/alpha" }

[hosts.beta]
id = 2
portals = ["beta.example.org:3260"]
listen = ["0.0.0.0:3260"]   # where it listens, if that is not what portals say
iqn = "iqn.2026-01.org.example:beta"                 # default: iqn.2026-01.org.ipscsi:BUS.HOST
addresses = ["10.90.0.2/24", "fd90::2/64"]
chap = { name = "beta", secret-file = "secrets/beta" }

[hosts.gamma]               # no portals: it connects to the others, nobody connects to it
id = 3
addresses = ["10.90.0.3/24", "fd90::3/64"]
chap = { name = "gamma", secret-env = "GAMMA_SECRET" }   # or from the environment
`;
