package notify

import (
	"context"

	"parley"
)

// TransferRequest tells that money has moved, so that the operator books it. The amount may differ from what was
// authorized when the provider said so.
type TransferRequest struct {
	Transaction
	MerchantID int
	AuthCode   string       // from the answer to authorize; left out when empty
	PSPAmount  parley.Money // what moved at the provider; the same as Amount when zero
	PSPRefID   string       // the provider's reference; left out when empty
}

// TransferAnswer is the operator's yes. What it echoes is kept as it came and not compared: the money has moved, and
// saying it again would not mend an echo.
type TransferAnswer struct {
	UserID       string `json:"userId,omitempty"`
	TxID         string `json:"txId,omitempty"`
	MerchantTxID string `json:"merchantTxId,omitempty"` // the operator's own number
}

type transferBody struct {
	transactionBody
	AuthCode      string `json:"authCode,omitempty"`
	TxPSPAmount   string `json:"txPspAmount"`
	TxPSPAmountCy string `json:"txPspAmountCy"`
	Fee           string `json:"fee"` // the person's: we take none
	FeeCy         string `json:"feeCy"`
	TxRefID       string `json:"txRefId"`
	PSPRefID      string `json:"pspRefId,omitempty"`
}

// Transfer tells that money has moved. The operator must accept, so a caller says it again, with the same key and request,
// until there is no error; a refusal too (see Operator) is only a reason to call for help.
func (o *Operator) Transfer(ctx context.Context, key string, tell TransferRequest) (TransferAnswer, error) {
	if err := tell.check(); err != nil {
		return TransferAnswer{}, err
	}
	if tell.PSPAmount == (parley.Money{}) {
		tell.PSPAmount = tell.Amount
	}
	none := parley.Money{Currency: tell.Amount.Currency}
	return say(ctx, o, transfer, key, transferBody{
		transactionBody: tell.body(), AuthCode: tell.AuthCode,
		TxPSPAmount: tell.PSPAmount.Decimal(), TxPSPAmountCy: string(tell.PSPAmount.Currency),
		Fee: none.Decimal(), FeeCy: string(none.Currency),
		TxRefID: TxRef(tell.MerchantID, tell.TxID), PSPRefID: tell.PSPRefID,
	}, readTransfer)
}

func readTransfer(body []byte) (TransferAnswer, error) {
	a, err := accepted(body)
	if err != nil {
		return TransferAnswer{}, err
	}
	answer := TransferAnswer{UserID: a.text("userId"), TxID: a.text("txId"), MerchantTxID: a.text("merchantTxId")}
	if a.err != nil {
		return TransferAnswer{}, a.err
	}
	return answer, nil
}
