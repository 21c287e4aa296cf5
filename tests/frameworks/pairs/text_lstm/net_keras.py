import keras
from keras.layers import LSTM, Dense, Dropout, Embedding


def build(max_features=40):
    model = keras.Sequential()
    model.add(keras.Input(shape=(14,), dtype="int32"))
    model.add(Embedding(max_features, 16))
    model.add(LSTM(24))
    model.add(Dropout(0.3))
    model.add(Dense(4))
    return model
