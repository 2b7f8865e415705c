"""Pages that an idle vault does not need, by page and handler: loaded with the first of them."""

from collections.abc import Mapping

from sealhold.frontends.web.pages import devices, importing, policies, source, source_add, sources
from sealhold.frontends.web.visit import Handler

HANDLERS: Mapping[str, Handler] = {
    "devices.begin": devices.begin,
    "devices.choose": devices.choose,
    "devices.one": devices.one,
    "devices.rename": devices.rename,
    "devices.revoke": devices.revoke,
    "devices.show": devices.show,
    "devices.sync": devices.sync,
    "importing.back": importing.back,
    "importing.drop": importing.drop,
    "importing.look": importing.look,
    "importing.table": importing.table,
    "importing.take": importing.take,
    "policies.add": policies.add,
    "policies.remove": policies.remove,
    "policies.revoke_token": policies.revoke_token,
    "policies.show": policies.show,
    "source.accept": source.accept,
    "source.forget": source.forget,
    "source.login": source.login,
    "source.mode": source.mode,
    "source.remove": source.remove,
    "source.schedule": source.schedule,
    "source.show": source.show,
    "source.take_back": source.take_back,
    "source_add.add": source_add.add,
    "source_add.show": source_add.show,
    "sources.pause": sources.pause,
    "sources.resume": sources.resume,
    "sources.run": sources.run,
    "sources.show": sources.show,
}
