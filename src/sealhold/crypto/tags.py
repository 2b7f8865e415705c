"""Every domain tag: one list, so that no two uses of a key or a hash can be taken for each other.

- Append only: a tag that was ever released keeps its bytes and its meaning.
- One tag, one purpose. A key that is derived for a purpose and the hash under that key may share
  a tag; a hash and a signature, or two hashes of different things, may not.
- No tag is the beginning of another.

Source: docs/spec/02-sealing.md section 1.
"""

from enum import Enum, unique


@unique
class Tag(bytes, Enum):
    """What a hash, signature, seal or derived key is for."""

    # associated data of seals
    WRAP = b"shA1/wrap"  # a key under a key
    BODY = b"shA1/body"  # a record, a field, an event body
    LOG_ROW = b"sealhold/log-row/v1"  # an entry, checkpoint or head of the audit log
    CHUNK = b"sealhold/chunk/v1"  # a chunk of an object
    SLOT = b"sealhold/slot/v1"  # a root key in an unlock slot
    EPOCH_SLOT = b"sealhold/epoch-slot/v1"  # a slot key under the root key
    EPOCH_KEY = b"sealhold/epoch-key/v1"  # an epoch key under its slot
    TPM_SLOT = b"sealhold/tpm-slot/v1"  # what opens a slot in a TPM
    ROOT_DOCUMENT = b"sealhold/root-document/v1"  # where a root keeps its slots
    ROOT_BESIDE = b"sealhold/root-beside/v1"  # what ends the slots of a root, under another's
    TOKEN_SLOT = b"sealhold/token-slot/v1"  # that there is a slot on a token
    ESCROW = b"sealhold/escrow/v1"  # an epoch's key and the root key, for the recovery secret
    LOG_ENTRY = b"sealhold/log-entry/v1"  # an entry of a device's log
    HELLO = b"sealhold/log-hello/v1"  # whose a log is, on a carrier
    VERSION = b"sealhold/version/v1"  # a version of a synced object
    NAME = b"sealhold/name/v1"  # the name of a synced object
    NOTE = b"sealhold/note/v1"  # a state of a synced collection
    KEY_SEGMENT = b"sealhold/key-segment/v1"  # keys of synced objects
    KEY_BAG = b"sealhold/key-bag/v1"  # the key of a segment
    DEVICE_KEYS = b"sealhold/device-keys/v1"  # the secrets of a device, as it keeps them
    WRAP_TO = b"sealhold/wrap/v1"  # HPKE info of a collection's secret, for one device
    EPOCH_LINK = b"sealhold/epoch-link/v1"  # an epoch's secret under a later one's
    BOX = b"sealhold/box/v1"  # HPKE info of what is sealed to a public key
    PAIRING_FRAME = b"sealhold/pairing-frame/v1"  # a part of a message between two devices
    PAIRING_ANSWER = b"sealhold/pairing-answer/v1"  # what a newcomer is given, in a box
    LETTER_BOX = b"sealhold/letter-box/v1"  # a letter to a person, in a box
    DETERMINISTIC = b"sealhold/deterministic/v1"  # a value of a protected column, always alike

    # keyed hashes and row checks
    ROW_MAC = b"sealhold/row-mac/v1"
    SET_HASH = b"sealhold/set-hash/v1"  # the number of one row
    SET_SUM = b"sealhold/set-sum/v1"  # the outside form of a whole sum
    IDENTITY = b"sealhold/identity/v1"  # a record's natural key
    CONTENT = b"sealhold/content/v1"  # a record's content
    WORD_BLOCK = b"sealhold/word-block/v1"  # the name of a block of the word index
    CHUNK_ID = b"sealhold/chunk-id/v1"
    LEAF_SUBJECT = b"sealhold/leaf-subject/v1"  # ids in an audit leaf
    MEMO = b"sealhold/memo/v1"  # the name of a remembered answer
    LOOKUP = b"sealhold/lookup/v1"
    LOOKUP_INNER = b"sealhold/lookup-inner/v1"  # a profile value, under its field's key
    LOOKUP_OUTER = b"sealhold/lookup-outer/v1"  # the same once more, under the app's
    ERASED_NAME = b"sealhold/erased-name/v1"  # by which the receipt of an erased person is found
    OBJECT_NAME = b"sealhold/object-name/v1"
    FILE_DIGEST = b"sealhold/file-digest/v1"
    SYNCED_FILE = b"sealhold/synced-file/v1"  # the content of a file in a collection
    SYNCED_VERSION = b"sealhold/synced-version/v1"  # type, permissions and content of a file
    SNAPSHOT_PART = b"sealhold/snapshot-part/v1"
    RECORD_DIGEST = b"sealhold/record-digest/v1"
    TOKEN = b"sealhold/token/v1"  # the signature of an access token
    TOKEN_CAVEAT = b"sealhold/token-caveat/v1"
    PASSKEY = b"sealhold/passkey/v1"  # 16 bytes that stand for a credential's id in a row
    TOKEN_USES = b"sealhold/token-uses/v1"  # 16 bytes that stand for a bound of uses in a row
    IDEMPOTENCY = b"sealhold/idempotency/v1"
    MAILBOX = b"sealhold/mailbox/v1"  # a collection at one carrier
    LOG_NAME = b"sealhold/log-name/v1"  # a log in one mailbox
    EPOCH_ID = b"sealhold/epoch-id/v1"  # what a collection's secret is called
    DOCUMENT_AUTHOR = b"sealhold/document-author/v1"  # 8 bytes that stand for who edits
    DOCUMENT_EDITS = b"sealhold/document-edits/v1"  # edits of a document in an entry of a log
    NAMED_BY_KEY = b"sealhold/named-by-key/v1"  # 16 bytes that name a version or object by its key
    LAN_BEACON = b"sealhold/lan-beacon/v1"  # 8 bytes that stand for a device in one hour
    LAN_KNOCK = b"sealhold/lan-knock/v1"  # that who connects knows what all devices know

    # plain tagged hashes
    DEVICE_ID = b"sealhold/device-id/v1"  # of a signing key
    BOX_ID = b"sealhold/box-id/v1"  # of a key that others seal to
    MEMBERSHIP_ID = b"sealhold/membership-id/v1"  # of an entry
    EVENT = b"sealhold/audit/v1"
    DECISION = b"sealhold/decision/v1"
    VIEW = b"sealhold/view/v1"  # which fields of a collection a task is shown
    FUNCTION_ID = b"sealhold/function-id/v1"
    FAMILY = b"sealhold/family/v1"  # the selections of a task
    COMMITMENT = b"sealhold/commitment/v1"  # a value behind a salt, in a proof
    NOISE = b"sealhold/noise/v1"  # what noise is drawn for
    PACK_TABLE = b"sealhold/pack-table/v1"
    ACCOUNT = b"sealhold/account/v1"  # what the owner alone knows of an answer, in a proof
    REPORT_DATA = b"sealhold/report-data/v1"  # what evidence about a machine is bound to
    JOURNAL = b"sealhold/journal/v1"  # what stands for an id in a service's journal
    SNAPSHOT = b"sealhold/snapshot/v1"  # what a vault was set to
    EPOCH_NOTE = b"sealhold/epoch-note/v1"  # what is kept of a closed epoch
    SLOT_CHECK = b"sealhold/slot-check/v1"  # tells damage from a wrong passphrase
    # sealhold/evidence/v1 was a second name of REPORT_DATA, and names nothing any more
    EVIDENCE_POLICY = b"sealhold/appraisal-policy/v1"
    SEED_SHARE = b"sealhold/seed-share/v1"  # what a participant commits to
    SEED = b"sealhold/drawn-seed/v1"  # of all shares
    SEED_ORDER = b"sealhold/seed-order/v1"  # in which order machines are drawn
    SEED_PLACE = b"sealhold/seed-place/v1"  # which processor gets a record

    LINK_PIECE = b"sealhold/link-piece/v1"  # the place of a piece of a link share
    LINK_FINDINGS = b"sealhold/link-findings/v1"  # what a preview showed

    PAIRING_ROOM = b"sealhold/pairing-room/v1"  # the id of a room where two devices meet
    PAIRING_PLACE = b"sealhold/pairing-place/v1"  # where a code is answered
    PAIRING_TEXT = b"sealhold/pairing-text/v1"  # the check of a typed invitation
    PAIRING_KEYS = b"sealhold/pairing-keys/v1"  # whose introduction an invitation names
    PAIRING_COMMIT = b"sealhold/pairing-commit/v1"  # a newcomer's keys, before it shows them
    CONTACT_SHORT = b"sealhold/contact-short/v1"  # the check of a card in short
    CONTACT_WORDS = b"sealhold/contact-words/v1"  # a person's card, as words to read out

    # derived keys
    KEYS_FILE = b"sealhold/keys-file/v1"  # database key of the key set
    DATA_FILE = b"sealhold/data-file/v1"  # database key of the main set
    LOG_KEY = b"sealhold/log-key/v1"
    INDEX = b"sealhold/index/v1"  # the key of the word index
    SIGNING = b"sealhold/signing/v1"
    KEYFILE = b"sealhold/key-file-slot/v1"
    ROOT_PAPERS = b"sealhold/root-papers/v1"  # seals what a root knows of its slots
    TPM_KEY = b"sealhold/tpm-slot-key/v1"  # of the root key and what the TPM gives out
    CHUNK_SEED = b"sealhold/chunk-seed/v1"  # where an object is cut
    FAST_CUT = b"sealhold/fast-cut/v1"  # where much content is cut
    BACKUP = b"sealhold/backup/v1"
    SUBJECT_BASE = b"sealhold/subject-base/v1"  # what a subject's base key gives, by name
    APP_BASE = b"sealhold/app-base/v1"  # what an app's base key gives, by name
    FIELD_PLACE = b"sealhold/field-place/v1"  # 16 bytes that stand for a field's name in a place
    DEVICE = b"sealhold/device/v1"  # signs evidence of software
    SOURCE_HOST = b"sealhold/source-host/v1"  # signs in the name of a source of the vault
    HOLDER = b"sealhold/holder/v1"  # signs presentations of one answer
    ROOT_ED25519 = b"sealhold/root-ed25519/v1"
    ROOT_MLDSA = b"sealhold/root-mldsa/v1"
    LOG_ENTRY_KEY = b"sealhold/log-entry-key/v1"
    LAN = b"sealhold/lan/v1"  # by which devices find each other in a network
    SHOWN = b"sealhold/shown/v1"  # ids of what is shown to others
    USE_KEY = b"sealhold/use-key/v1"  # opens one version of an object that is shared
    USE_PIECE = b"sealhold/use/v1"  # a piece of its content
    USE_ANSWER = b"sealhold/use-answer/v1"  # such a key, sealed to who asked
    MAILBOX_KEY = b"sealhold/relay-mailbox/v1"  # signs what an admin asks of a relay
    LINK_SALT = b"sealhold/link-salt/v1"  # with which a link's passphrase is stretched
    LINK_CONTENT = b"sealhold/link-content/v1"  # seals the pieces of a link share
    LINK_PROOF = b"sealhold/link-proof/v1"  # what a link's host is shown
    PAIRING_CONFIRM = b"sealhold/pairing-confirm/v1"  # that both sides have one password
    PAIRING_SESSION = b"sealhold/pairing-session/v1"
    PAIRING_CHANNEL = b"sealhold/pairing-channel/v1"
    PAIRING_ROOMS = b"sealhold/pairing-rooms/v1"  # from which the rooms of a channel are named
    PAIRING_WORDS = b"sealhold/pairing-words/v1"  # what two people compare
    PAIRING_RECEIPT = b"sealhold/pairing-receipt/v1"
    PROTECTED_COLUMN = b"sealhold/protected-column/v1"  # one technique on one column
    PROXY_STATE = b"sealhold/proxy-state/v1"  # the file of one proxy
    PROXY_STRANGERS = b"sealhold/proxy-strangers/v1"  # what is said to names that nobody has
    SUM_CHECK = b"sealhold/sum-check/v1"  # by which a sum that was tampered with shows
    SIV = b"sealhold/siv/v1"  # 64 bytes for AES-SIV, in halves
    INBOX = b"sealhold/inbox/v1"  # from which a person's inboxes are named; that one stands open

    PRODUCT = b"sealhold/product/v1"  # a compiled program: its key, and what it is of
    PRODUCT_NAME = b"sealhold/product-file/v1"  # its file

    # signatures
    ROOT_SIGNATURE = b"sealhold/root-signature/v1"
    RECEIPT = b"sealhold/receipt/v1"
    CHECKPOINT = b"sealhold/checkpoint/v1"
    BACKUP_MANIFEST = b"sealhold/backup-manifest/v1"
    RESOURCE = b"sealhold/resource/v1"  # a version of a third party's file
    CERTIFICATE = b"sealhold/certificate/v1"  # of a device, by the root or an admin
    PREKEY = b"sealhold/prekey/v1"  # by a device, of a key that it will throw away
    WRAP_SET = b"sealhold/wrap-set/v1"  # by a device, of a secret for many
    PREVIEW = b"sealhold/preview/v1"  # of what a share would do
    SHARE = b"sealhold/share/v1"  # by a device of the owner, of what a share says
    MEMBERSHIP = b"sealhold/membership/v1"  # by an admin, of an entry
    HAND_OVER = b"sealhold/hand-over/v1"  # by a ledger's device, to the next
    LOG_ENTRY_SIGNATURE = b"sealhold/log-entry-signature/v1"
    HELLO_SIGNATURE = b"sealhold/log-hello-signature/v1"
    CLIENT_PROOF = b"sealhold/client-proof/v1"  # by a client, of one call
    LAN_SERVER = b"sealhold/lan-server/v1"  # by a device, of a connection that it serves
    PROXY_ASKED = b"sealhold/proxy-asked/v1"  # by a proxy, of a connection that it serves
    PROXY_ASKER = b"sealhold/proxy-asker/v1"  # by a proxy, of a connection that it made
    LAN_CLIENT = b"sealhold/lan-client/v1"  # by a device, of a connection that it made
    RELAY_PAPER = b"sealhold/relay-paper/v1"  # what an admin of a mailbox asks of its relay
    CARD = b"sealhold/contact-card/v1"  # by an admin device, of who a person is
    RECOVERY_POLICY = b"sealhold/recovery-policy/v1"  # by the root, of who holds shares of it
    RECOVERY_SHARE = b"sealhold/recovery-share/v1"  # that a share is of this set, for this holder
    RECOVERY_WORDS = b"sealhold/recovery-words/v1"  # what may be shown of a share
    RECOVERY_NOTICE = b"sealhold/recovery-notice/v1"  # by a holder's device: a recovery was opened
    RECOVERY_CALLED = b"sealhold/recovery-called/v1"  # of a recovery, of one set
    LETTER = b"sealhold/letter/v1"  # by a device, of a letter to another person
