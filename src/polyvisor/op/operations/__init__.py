"""Operations: asked for, driven to their end whatever crashes, cancelled, tried again."""
