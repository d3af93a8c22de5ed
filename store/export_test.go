package store

import (
	"context"
	"slices"
	"strings"
)

// Statements are the texts of all that was asked and written since the store was opened.
func (s *Store) Statements(ctx context.Context) (texts []string, err error) {
	s.read.memo.Range(func(text, _ any) bool { texts = append(texts, text.(string)); return true })
	err = s.write.do(ctx, func(t *tx) error {
		for text := range t.memo {
			if !strings.HasPrefix(text, "BEGIN") && !strings.HasPrefix(text, "COMMIT") && !strings.Contains(text, "SAVEPOINT") && !strings.Contains(text, " one") {
				texts = append(texts, text)
			}
		}
		return nil
	})
	slices.Sort(texts)
	return texts, err
}
