"""Who says that he cannot help declines; who says that something cannot be done answers."""

# ruff: noqa: RUF001  words of many scripts

from __future__ import annotations

import pytest

from llmci.core.grouping.refusals import is_refusal

# A bar stands for the end of a paragraph.
DECLINES = """\
I'm sorry, but I can't assist with that request.
I’m unable to help with that request.
Sorry, I can't do that.
I must decline this request.
I'm sorry.|I won't be able to help with this.
I understand this is frustrating, but I'm not permitted to disclose that.
I don't have access to your order history.
I do not have specific information about the cost of restoring a toolchain.
That's not something I can help with.
I'm sorry, I can't help with that, but I can tell you about our tariffs.
Es tut mir leid, aber dabei kann ich nicht helfen.
Tut mir leid, ich kann diese Anfrage nicht erfüllen.
Lo siento, pero no puedo ayudarte con eso.
Je suis désolé, mais je ne peux pas vous aider avec cela.
Mi dispiace, ma non posso aiutarti con questa richiesta.
Infelizmente não consigo acessar seus dados.
Het spijt me, maar ik kan je daar niet mee helpen.
Tyvärr kan jag inte hjälpa dig med det.
Niestety nie jestem w stanie odpowiedzieć na to pytanie.
Maalesef bu isteğinizi yerine getiremem.
Извините, но я не могу помочь с этим.
На жаль, я не можу відповісти на це запитання.
عذرًا، لا أستطيع مساعدتك في ذلك.
क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।
申し訳ございませんが、その件についてはお答えすることができません。
抱歉,我无法帮助您完成这个请求。
죄송하지만 그 요청은 도와드릴 수 없습니다.
Xin lỗi, tôi không thể giúp bạn việc này."""
ANSWERS = """\
I'm sorry to hear that you can't log in. Let's reset your password: open Settings.
I'm sorry you weren't able to complete the purchase! Please clear your cookies.
Unfortunately, orders can't be changed once they have shipped. You can return the parcel.
I'm afraid the 14:30 train cannot be booked any more; the next one leaves at 15:00.
We cannot guarantee delivery before Christmas.
I can't provide an exact date, but parcels to Lyon usually take three days.
I cannot help but notice that your query joins twice.
I can't wait to hear how it goes!
No, you can't take liquids over 100 ml in hand luggage.
"I can't help you," said the fox, and ran into the woods.
Here is a polite way to say no:|I'm sorry, I can't help with that this week.
Sie können nicht auf das Konto zugreifen? Dann setzen Sie das Passwort zurück.
Es tut mir leid, dass Sie sich nicht anmelden können.
No puedes devolverlo después de 30 días.
Je suis désolé que vous ne puissiez pas vous connecter. Essayez ce lien.
Não pode alterar o pedido depois do envio.
Вы не можете отменить заказ после отправки.
パスワードを変更できない場合は、こちらからお問い合わせください。
很抱歉您无法登录,请重置密码。
배송지를 변경할 수 없는 경우 고객센터로 연락해 주세요."""


@pytest.mark.parametrize("text", DECLINES.split("\n"))
def test_who_declines(text: str) -> None:
    assert is_refusal(text.replace("|", "\n\n"))


@pytest.mark.parametrize("text", ANSWERS.split("\n"))
def test_who_answers(text: str) -> None:
    assert not is_refusal(text.replace("|", "\n\n"))


def test_what_goes_on_for_pages_helps_after_all() -> None:
    assert not is_refusal("I can't give legal advice. " + "In general, a lease ends with notice. " * 50)
