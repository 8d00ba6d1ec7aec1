"""Whisper's text decoder, one token of many windows at a time.

What openai-whisper's decoder does at every step for its caches is most of a step on a processor:
the keys and values of the text are copied to grow by one, those of the sound (1500 frames a window
and layer) are scaled anew, and attention is written out in full for the word times. Here there is
room for the whole text from the start, the sound's keys and values lie ready, attention is fused,
windows whose text has ended leave, and of the heads that word times are read from only the queries
are kept: their attention is one product at the end. Weights and arithmetic are the checkpoint's.

Vaswani et al. 2017, arXiv:1706.03762, for keys and values kept; Radford et al. 2022,
arXiv:2212.04356, for the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import scaled_dot_product_attention

if TYPE_CHECKING:
    from torch import Tensor
    from whisper.model import MultiHeadAttention, ResidualAttentionBlock, Whisper


class Steps:
    """What the decoder remembers of a batch of windows.

    Args:
        model: the checkpoint; attention of its ``alignment_heads`` can be had afterwards.
        features: encoded windows, B x frames x width.
        most: tokens that a text may grow to, those before it included.
    """

    def __init__(self, model: Whisper, features: Tensor, most: int) -> None:
        self._decoder = model.decoder
        self._alignment = _by_layer(model)
        self._rows = torch.arange(len(features), device=features.device)
        self._length = 0
        self._sound: list[tuple[Tensor, Tensor]] = []
        self._text: list[tuple[Tensor, Tensor]] = []
        self._keys: dict[int, Tensor] = {}
        self._queries: dict[int, Tensor] = {}
        for number, block in enumerate(self._decoder.blocks):
            cross = block.cross_attn
            keys = _heads(cross, cross.key(features)).contiguous()
            self._sound.append((keys, _heads(cross, cross.value(features)).contiguous()))
            batch, heads, _, width = keys.shape
            room = keys.new_zeros(2, batch, heads, most, width)
            self._text.append((room[0], room[1]))
            if chosen := self._alignment.get(number):
                self._keys[number] = keys[:, chosen]
                self._queries[number] = keys.new_zeros(batch, len(chosen), most, width)

    def logits(self, tokens: Tensor, places: list[int]) -> Tensor:
        """What may come next.

        Args:
            tokens: the next ones of each window that is still written, A x n; more than one only
                at the start.
            places: which of the n to answer for.

        Returns:
            A x places x vocabulary, float32.
        """
        span = slice(self._length, self._length + tokens.shape[1])
        embedding = self._decoder.token_embedding
        x = embedding(tokens) + self._decoder.positional_embedding[span]
        for number, block in enumerate(self._decoder.blocks):
            x = self._through(number, block, x, span)
        self._length = span.stop
        x = self._decoder.ln(x[:, places])
        # The vocabulary on the left: as the right factor its 50,000 rows would be laid out anew.
        likely: Tensor = (embedding.weight @ x.flatten(0, 1).T).T.contiguous().float()
        return likely.view(*x.shape[:2], -1)

    def _through(
        self, number: int, block: ResidualAttentionBlock, x: Tensor, span: slice
    ) -> Tensor:
        normed = block.attn_ln(x)
        keys, values = self._text[number]
        keys[:, :, span] = _heads(block.attn, block.attn.key(normed))
        values[:, :, span] = _heads(block.attn, block.attn.value(normed))
        said = _heads(block.attn, block.attn.query(normed))
        x = x + _attended(
            block.attn,
            said,
            keys[:, :, : span.stop],
            values[:, :, : span.stop],
            causal=x.shape[1] > 1,
        )
        asked = _heads(block.cross_attn, block.cross_attn.query(block.cross_attn_ln(x)))
        if number in self._queries:
            self._queries[number][self._rows, :, span] = asked[:, self._alignment[number]]
        x = x + _attended(block.cross_attn, asked, *self._sound[number])
        through: Tensor = x + block.mlp(block.mlp_ln(x))
        return through

    def keep(self, rows: Tensor) -> None:
        """Goes on with some of the windows that are still written: their places among these."""
        self._rows = self._rows[rows]
        self._sound = [(keys[rows], values[rows]) for keys, values in self._sound]
        self._text = [(keys[rows], values[rows]) for keys, values in self._text]

    def attention(self, window: int, tokens: slice, frames: int) -> Tensor:
        """What the alignment heads looked at, before the softmax.

        Returns:
            heads x tokens x frames, float32, layer by layer; on the processor.
        """
        found = [
            queries[window, :, tokens].float()
            @ self._keys[number][window, :, :frames].float().transpose(-1, -2)
            * queries.shape[-1] ** -0.5
            for number, queries in self._queries.items()
        ]
        return torch.cat(found).cpu()


def _by_layer(model: Whisper) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for layer, head in model.alignment_heads.indices().T.tolist():
        found.setdefault(layer, []).append(head)
    return found


def _heads(attention: MultiHeadAttention, x: Tensor) -> Tensor:
    """Batch x length x width -> batch x heads x length x width of a head."""
    return x.view(*x.shape[:2], attention.n_head, -1).transpose(1, 2)


def _attended(
    attention: MultiHeadAttention,
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    causal: bool = False,
) -> Tensor:
    found = scaled_dot_product_attention(queries, keys, values, is_causal=causal)
    mixed: Tensor = attention.out(found.transpose(1, 2).flatten(2))
    return mixed
