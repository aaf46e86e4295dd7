"""What is asked of a mailbox: its folders, what has changed in them, mails byte for byte, marks, drafts that leave."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from connectors.graph_mail.client import IMMUTABLE, Graph, Listed, ListPage, NotThere
from hub.contract import Misconfigured, SentAttachment, TooLarge, Unreachable

PAGE = 100
"""Messages that a list names at once: their ids, no more."""
SIZE = "Integer 0x0E08"
"""PidTagMessageSize: Graph has no size of its own."""
IN_ONE_PIECE = 2_900_000
"""Bytes of a file: Graph wants larger ones piece by piece."""
PIECE = 12 * 327_680
"""Bytes: less than 4 MB, and a multiple of what its storage likes."""
WELL_KNOWN = frozenset(
    {"inbox", "archive", "junkemail", "deleteditems", "sentitems", "drafts", "clutter", "msgfolderroot"}
)


class Large(Struct, frozen=True):
    """Of a mail over the limit: its headers, as a mail without content, and its size."""

    headers: bytes
    size: int


class Mailbox:
    """One for a channel's object."""

    def __init__(self, graph: Graph, address: str) -> None:
        self._graph, self._address = graph, address
        self._folders: dict[str, str] = {}

    async def _user(self, address: str | None = None) -> Any:
        return (await self._graph.sdk()).users.by_user_id(address or self._address)

    async def opens(self, address: str) -> bool:
        """Whether the app may open this other mailbox. Raises NotThere, Misconfigured when there is none."""
        user = await self._user(address)
        await self._graph.asked(user.mail_folders.by_mail_folder_id("inbox").get, _asking())
        return True

    async def folder(self, name: str) -> str:
        """Its id: by Graph's well-known name, or its names from the top (`Inkorg/Fakturor`). Raises Misconfigured."""
        if name.lower() in WELL_KNOWN:
            return name.lower()
        if name not in self._folders:
            user = await self._user()
            within = user.mail_folders
            found = ""
            for part in name.split("/"):
                answer = await self._graph.asked(
                    within.get, _asking(within, filter=f"displayName eq '{_quoted(part)}'")
                )
                folders = answer.value or [] if answer else []
                if not folders:
                    raise Misconfigured("folders", f"The mailbox has no folder {name}: write its names from the top.")
                found = folders[0].id
                within = user.mail_folders.by_mail_folder_id(found).child_folders
            self._folders[name] = found
        return self._folders[name]

    async def count(self, folder: str) -> int:
        """How many mails are in it. Raises Misconfigured for one that isn't there."""
        builder = (await self._user()).mail_folders.by_mail_folder_id(await self.folder(folder))
        try:
            found = await self._graph.asked(builder.get, _asking())
        except NotThere as error:
            raise Misconfigured("folders", f"The mailbox has no folder {folder}.") from error
        return int(found.total_item_count or 0) if found else 0

    async def changes(self, folder: str, link: str | None) -> ListPage:
        """A page of what is in it, or of what has changed. Raises Resync."""
        builder = (await self._user()).mail_folders.by_mail_folder_id(await self.folder(folder)).messages.delta
        if link is not None:
            builder = builder.with_url(link)
        asking = _asking(builder, select=["receivedDateTime", "isDraft"] if link is None else None, page=PAGE)
        page = await self._graph.listed(builder, asking)
        onwards = page.next_link or page.delta_link
        if not onwards:
            raise Unreachable("Microsoft 365 lists messages without saying how to go on.")
        return ListPage([each.listed() for each in page.value if not each.removed], onwards, ends=not page.next_link)

    async def all_in(self, folder: str) -> Sequence[Listed]:
        """All that it holds now: ids and times."""
        builder = (await self._user()).mail_folders.by_mail_folder_id(await self.folder(folder)).messages
        asking = _asking(builder, select=["receivedDateTime", "isDraft"], top=1000)
        found: dict[str, Listed] = {}
        while True:
            page = await self._graph.listed(builder, asking)
            found |= {each.id: each.listed() for each in page.value}
            if not page.next_link:
                return list(found.values())
            builder, asking = builder.with_url(page.next_link), _asking()

    async def mime(self, message_id: str) -> bytes | Large:
        """As it arrived. Raises NotThere."""
        message = (await self._user()).messages.by_message_id(message_id)
        try:
            content = await self._graph.asked(message.content.get, _asking())
        except TooLarge:
            return await self._large(message)
        if not content:
            raise Unreachable("Microsoft 365 gives a mail without content.")
        return bytes(content)

    async def _large(self, message: Any) -> Large:
        asking = _asking(
            message,
            select=["internetMessageHeaders", "subject", "internetMessageId"],
            expand=[f"singleValueExtendedProperties($filter=id eq '{SIZE}')"],
        )
        found = await self._graph.asked(message.get, asking)
        lines = [f"{each.name}: {_line(each.value)}" for each in found.internet_message_headers or []]
        if not lines:  # of a mail between mailboxes of the same tenant there may be none
            lines = [f"Subject: {_line(found.subject)}", f"Message-ID: {_line(found.internet_message_id)}"]
        shown = [line for line in lines if not line.lower().startswith(("content-", "mime-version:"))]
        sizes = [each.value for each in found.single_value_extended_properties or [] if (each.value or "").isdigit()]
        return Large(("\r\n".join(shown) + "\r\n\r\n").encode("utf-8", "replace"), int(sizes[0]) if sizes else 0)

    async def is_there(self, message_id: str) -> bool:
        """By this id."""
        message = (await self._user()).messages.by_message_id(message_id)
        try:
            await self._graph.asked(message.get, _asking(message, select=["receivedDateTime"]))
        except NotThere:
            return False
        return True

    async def mark(self, message_id: str, category: str) -> None:
        """Beside the categories that people have given it. Raises NotThere."""
        from msgraph.generated.models.message import Message  # noqa: PLC0415 - heavy, see client

        message = (await self._user()).messages.by_message_id(message_id)
        found = await self._graph.asked(message.get, _asking(message, select=["categories"]))
        given = list(found.categories or []) if found else []
        if category not in given:
            await self._graph.asked(message.patch, Message(categories=[*given, category]), _asking())

    async def move(self, message_id: str, folder: str) -> None:
        """Where it is already, nothing happens: the id stays. Raises NotThere, Misconfigured."""
        from msgraph.generated.users.item.messages.item.move.move_post_request_body import (  # noqa: PLC0415 - an extra, and heavy
            MovePostRequestBody,
        )

        message = (await self._user()).messages.by_message_id(message_id)
        to = await self.folder(folder)
        await self._graph.asked(message.move.post, MovePostRequestBody(destination_id=to), _asking())

    async def draft(self, mime: bytes) -> tuple[str, str]:
        """The mail as a draft, from its bytes in base64. Its id, which stays when it leaves, and its Message-ID."""
        from msgraph.generated.models.message import Message  # noqa: PLC0415 - an extra, and heavy
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError  # noqa: PLC0415 - an extra, and heavy

        adapter, messages = (await self._graph.sdk()).request_adapter, (await self._user()).messages

        def make() -> Any:
            asking = messages.to_post_request_information(Message(), _asking())
            asking.headers.remove("Content-Type")
            asking.set_stream_content(mime, "text/plain")
            return adapter.send_async(asking, Message, {"XXX": ODataError})

        made = await self._graph.asked(make)
        if not made or not made.id:
            raise Unreachable("Microsoft 365 makes a draft and doesn't name it.")
        return made.id, made.internet_message_id or ""

    async def attach(self, message_id: str, file: SentAttachment) -> None:
        """A file of a draft: in one request, or, when it is too large for that, piece by piece."""
        from msgraph.generated.models.attachment_item import AttachmentItem  # noqa: PLC0415 - an extra, and heavy
        from msgraph.generated.models.attachment_type import AttachmentType  # noqa: PLC0415 - an extra, and heavy
        from msgraph.generated.models.file_attachment import FileAttachment  # noqa: PLC0415 - an extra, and heavy
        from msgraph.generated.users.item.messages.item.attachments.create_upload_session import (  # noqa: PLC0415 - heavy, as the others
            create_upload_session_post_request_body as body,
        )

        attachments = (await self._user()).messages.by_message_id(message_id).attachments
        said = {
            "name": file.name,
            "content_type": file.media_type,
            "is_inline": file.inline_id is not None,
            "content_id": file.inline_id,
        }
        if len(file.content) <= IN_ONE_PIECE:
            whole = FileAttachment(odata_type="#microsoft.graph.fileAttachment", content_bytes=file.content, **said)
            await self._graph.asked(attachments.post, whole, _asking())
            return
        item = AttachmentItem(attachment_type=AttachmentType.File, size=len(file.content), **said)
        wanted = body.CreateUploadSessionPostRequestBody(attachment_item=item)
        session = await self._graph.asked(attachments.create_upload_session.post, wanted, _asking())
        if not session or not session.upload_url:
            raise Unreachable("Microsoft 365 doesn't say where a large file goes.")
        for first in range(0, len(file.content), PIECE):
            await self._graph.upload(session.upload_url, file.content, first, PIECE)

    async def rename(self, message_id: str, internet_message_id: str) -> None:
        """A draft's Message-ID."""
        from msgraph.generated.models.message import Message  # noqa: PLC0415 - an extra, and heavy

        message = (await self._user()).messages.by_message_id(message_id)
        await self._graph.asked(message.patch, Message(internet_message_id=internet_message_id), _asking())

    async def drop(self, message_id: str) -> None:
        """A draft."""
        message = (await self._user()).messages.by_message_id(message_id)
        await self._graph.asked(message.delete, _asking())

    async def send(self, message_id: str) -> None:
        """A draft leaves, and its copy lies in Sent Items. The SDK's own error, by which one can tell what happened."""
        await (await self._user()).messages.by_message_id(message_id).send.post(_asking())


def _asking(builder: Any = None, *, page: int | None = None, **query: Any) -> Any:
    """Of every request: ids that stay."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration  # noqa: PLC0415 - an extra, and heavy
    from kiota_abstractions.headers_collection import HeadersCollection  # noqa: PLC0415 - an extra, and heavy

    headers = HeadersCollection()
    headers.add("Prefer", IMMUTABLE if page is None else f"{IMMUTABLE}, odata.maxpagesize={page}")
    chosen = {name: value for name, value in query.items() if value is not None}
    if not chosen:
        return RequestConfiguration(headers=headers)
    kind = next(getattr(type(builder), name) for name in dir(type(builder)) if name.endswith("GetQueryParameters"))
    return RequestConfiguration(headers=headers, query_parameters=kind(**chosen))


def _quoted(text: str) -> str:
    """In an OData string."""
    return text.replace("'", "''")


def _line(value: str | None) -> str:
    return re.sub(r"[\r\n\0]+[ \t]*", " ", value or "").strip()
