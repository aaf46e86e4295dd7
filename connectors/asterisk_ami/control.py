"""What is asked of the exchange: orders to a call, each on a connection of its own that ends with it."""

import re
from collections.abc import Mapping

from connectors.asterisk_ami import parties
from connectors.asterisk_ami.session import Session
from connectors.asterisk_ami.settings import AmiConfig
from hub.contract import CallOrder, Refused

_DIALLED = re.compile(r"\+?[\d*#]{1,20}\Z")
_NOTIFY = {"answer": "talk", "hold": "hold", "resume": "talk"}
"""The telephone does it: it is told by SIP NOTIFY, as telephones that can be controlled understand it."""
_RINGING = "5"


async def carry_out(config: AmiConfig, order: CallOrder) -> None:
    """Returns when the exchange has taken it. Raises Refused, Unreachable, AuthFailed."""
    if order.verb == "transfer" and not _DIALLED.match(order.target or ""):
        raise Refused("Say where to: an extension or a number, digits only.")
    session = await Session.open(config, events="off")
    try:
        channel, others = await _find(session, order)
        if order.verb == "hang_up":
            await _ask(session, {"Action": "Hangup", "Channel": channel["channel"], "Cause": "16"})
        elif order.verb == "transfer":
            await _transfer(session, config, channel, others, order.target or "")
        else:
            if order.verb == "answer" and channel.get("channelstate") != _RINGING:
                raise Refused("It doesn't ring at your telephone any more.")
            await _notify(session, channel["channel"], _NOTIFY[order.verb])
        await session.send({"Action": "Logoff"})
    finally:
        session.close()


async def _find(session: Session, order: CallOrder) -> tuple[Mapping[str, str], list[Mapping[str, str]]]:
    """The agent's channel in that call, and the others that are telephones or lines."""
    listed = [each.values for each in await session.listed({"Action": "CoreShowChannels"})]
    real = [each for each in listed if parties.is_real(each.get("channel", ""))]
    own = {each.get("uniqueid") for each in real if order.call in {each.get("linkedid"), each.get("uniqueid")}}
    bridges = {each.get("bridgeid") for each in real if each.get("uniqueid") in own and each.get("bridgeid")}
    of_call = [each for each in real if each.get("uniqueid") in own or each.get("bridgeid") in bridges]
    theirs = [each for each in of_call if _is_theirs(each, order.agent)]
    if not theirs:
        raise Refused("There is no such call at your telephone any more.")
    channel = next((each for each in theirs if each.get("bridgeid") or each.get("channelstate") == _RINGING), theirs[0])
    return channel, [each for each in of_call if each is not channel]


def _is_theirs(channel: Mapping[str, str], agent: str) -> bool:
    name = channel.get("channel", "")
    return parties.peer(name) == agent or (
        channel.get("calleridnum") == agent and not parties.peer(name).isdigit() and parties.is_short(agent)
    )


async def _transfer(
    session: Session,
    config: AmiConfig,
    channel: Mapping[str, str],
    others: list[Mapping[str, str]],
    target: str,
) -> None:
    place = {"Context": config.transfer_context, "Exten": target}
    answer = await session.ask({"Action": "BlindTransfer", "Channel": channel["channel"], **place})
    said = answer.values.get("message", "")
    if answer.values.get("response", "").lower() == "success":
        return
    if "command" not in said.lower() or not others:  # until Asterisk 11 there is no such action
        raise Refused(said or "The exchange doesn't hand it on.")
    await _ask(session, {"Action": "Redirect", "Channel": others[0]["channel"], **place, "Priority": "1"})


async def _notify(session: Session, channel: str, event: str) -> None:
    variable = {"Variable": f"Event={event}"}
    if parties.technology(channel) != "pjsip":
        await _ask(session, {"Action": "SIPnotify", "Channel": parties.peer(channel), **variable})
        return
    answer = await session.ask({"Action": "PJSIPNotify", "Channel": channel, **variable})
    if answer.values.get("response", "").lower() != "success":  # older ones know endpoints only
        await _ask(session, {"Action": "PJSIPNotify", "Endpoint": parties.peer(channel), **variable})


async def _ask(session: Session, action: Mapping[str, str]) -> None:
    answer = await session.ask(action)
    if answer.values.get("response", "").lower() != "success":
        raise Refused(answer.values.get("message", "") or "The exchange refuses it.")
